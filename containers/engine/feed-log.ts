import type { InputLog } from '#core/input-log/input-log.ts';
import { type BookLine, type FeedChangeLine, feedOwner, LeaseLog, type SocketLine } from '#core/input-log/lease-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Clock, MonoNanos } from '#core/time/clock.ts';

/** What shapes a feed's books beside its frames, written to the input log under the feed's lease. */
export class FeedLog {
  readonly #log: LeaseLog;
  readonly #clock: Clock;

  constructor({ inputLog, name, clock }: { inputLog: InputLog; name: string; clock: Clock }, epoch: number) {
    this.#log = new LeaseLog(inputLog, feedOwner(name), epoch);
    this.#clock = clock;
  }

  feed(line: FeedChangeLine): void {
    this.#log.record('feed', line, this.#now());
  }

  /** `now`: what lanes are told that are given the book. */
  book(line: BookLine, now: Now = this.#now()): void {
    this.#log.record('book', line, now);
  }

  socket(line: SocketLine): void {
    this.#log.record('socket', line, this.#now());
  }

  /** Which of two sockets a message is taken from is decided by time and connections: a replay must be told that this one of the frame was left out. */
  dropped(receivedAt: MonoNanos): void {
    this.#log.record('drop', null, { mono: receivedAt, epoch: this.#clock.epochMs() });
  }

  #now(): Now {
    return { mono: this.#clock.monoNanos(), epoch: this.#clock.epochMs() };
  }
}
