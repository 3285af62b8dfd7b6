import type { UnitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { AccountReport } from '#core/orders/order.ts';
import type { AccountStream, ConnectionStatus, OrderEntry } from '#core/orders/venue-ports.ts';
import type { AccountRuntime, Managed, Venue } from '#venues/venue.ts';
import type { EngineMetrics } from './engine-metrics.ts';

export interface UnitLinksOptions {
  readonly unit: UnitId;
  readonly venue: Venue;
  readonly runtime: AccountRuntime;
  readonly metrics: EngineMetrics;
  readonly onReport: (report: AccountReport) => void;
  /** `was`: the state before. */
  readonly onStreamStatus: (status: ConnectionStatus, was: ConnectionStatus['state']) => void;
  /** Order entry may have become ready, or not ready. */
  readonly onOrderEntry: () => void;
}

/** A unit's connections to its venue, the account stream and order entry, each of which can be begun anew when it hangs (H13). */
export class UnitLinks {
  readonly #options: UnitLinksOptions;
  #status: ConnectionStatus = { state: 'connecting', reason: 'not started' };
  /** Account streams and order entries so far. */
  #streams = 0;
  #entries = 0;
  #accountStream: AccountStream;
  #orderEntry: OrderEntry & Managed;
  #stopped = false;

  constructor(options: UnitLinksOptions) {
    this.#options = options;
    this.#accountStream = this.#newAccountStream();
    this.#orderEntry = this.#newOrderEntry();
  }

  get streamStatus(): ConnectionStatus {
    return this.#status;
  }

  /** Whether the venue is there by either connection. */
  get connected(): boolean {
    return this.#status.state === 'live' || this.#orderEntry.notReady() === null;
  }

  /** The venue says that it does not serve. */
  get away(): boolean {
    return this.#status.state === 'maintenance';
  }

  /** What moves while the account stream works; one that was begun anew is never taken for the one before. */
  accountStreamBeats(): number | null {
    return beatsOf(this.#accountStream, this.#streams);
  }

  /** As of the account stream. */
  orderEntryBeats(): number | null {
    return beatsOf(this.#orderEntry, this.#entries);
  }

  get orderEntry(): OrderEntry & Managed {
    return this.#orderEntry;
  }

  start(): void {
    this.#orderEntry.start();
    this.#accountStream.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#accountStream.stop(), this.#orderEntry.stop()]);
  }

  /** Begins the account stream anew; what the old one still brings is true, and is taken. */
  renewAccountStream(reason: string): void {
    if (this.#stopped) return;
    const old = this.#accountStream;
    this.#accountStream = this.#newAccountStream();
    this.#setStatus({ state: 'connecting', reason });
    this.#leaveToItself(old);
    this.#accountStream.start();
  }

  /** Begins order entry anew; the old one answers what it was asked. */
  renewOrderEntry(): void {
    if (this.#stopped) return;
    const old = this.#orderEntry;
    this.#orderEntry = this.#newOrderEntry();
    this.#leaveToItself(old);
    this.#orderEntry.start();
    this.#options.onOrderEntry();
  }

  #newAccountStream(): AccountStream {
    const { venue, runtime, onReport } = this.#options;
    this.#streams += 1;
    const own = this.#streams;
    return venue.createAccountStream(runtime, {
      onReport,
      // The status of one that was left to itself says nothing any more.
      onStatus: (status) => {
        if (own === this.#streams) this.#setStatus(status);
      },
    });
  }

  #newOrderEntry(): OrderEntry & Managed {
    this.#entries += 1;
    return this.#options.venue.createOrderEntry(this.#options.runtime, () => this.#options.onOrderEntry());
  }

  #setStatus(status: ConnectionStatus): void {
    const was = this.#status.state;
    this.#status = status;
    this.#options.onStreamStatus(status, was);
  }

  #leaveToItself(old: { stop(): Promise<void> }): void {
    old.stop().catch((error: unknown) => {
      const { unit, metrics, runtime } = this.#options;
      metrics.errors += 1;
      runtime.log('warn', 'a part that was replaced did not end', { unit, reason: messageOf(error) });
    });
  }
}

function beatsOf(link: { beats?(): number | null }, generation: number): number | null {
  const beats = link.beats?.() ?? null;
  return beats === null ? null : beats + generation * 2 ** 32;
}
