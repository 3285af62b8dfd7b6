import { HeartbeatBoard, type HeartbeatFinding } from '#core/control/heartbeats.ts';
import { messageOf } from '#core/errors.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Clock, Timers } from '#core/time/clock.ts';
import type { VenueLog } from '#venues/venue.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { PartHealth } from './part-health.ts';

/** One part of the engine as its supervisor knows it. */
export interface SupervisedPart {
  readonly name: string;
  /** The longest from one beat to the next while all is well, ms. */
  readonly periodMs: number;
  /** From then on it is silent, ms. */
  readonly silentMs: number;
  /** A number that moves while it works; null: nothing is expected of it now. */
  beats(): number | null;
  /** Begins it anew. Absent: it cannot be. */
  readonly restart?: ((reason: string) => void) | undefined;
  /** Told why it is silent, and null once it beats again: what depends on it stops meanwhile. */
  readonly onSilent?: ((reason: string | null) => void) | undefined;
  /** Tells people by the trading stream. */
  readonly tell?: ((note: EventNote) => void) | undefined;
  /** Positions are not looked after without it: if it cannot be revived, the process ends for a successor. */
  readonly vital?: boolean;
}

export interface SupervisorOptions {
  /** All parts that there are now. */
  readonly parts: () => readonly SupervisedPart[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: VenueLog;
  readonly metrics: EngineMetrics;
  /** Each look: the event loop turns. */
  readonly onLook?: () => void;
  /** A vital part could not be revived: the process is to end in order, so that another engine takes over. */
  readonly end: (reason: string) => void;
}

interface Silent {
  readonly part: SupervisedPart;
  readonly reason: string;
  restarts: number;
}

/** Of a connection: its own heartbeats and watches are slower than its frames, and see most of what happens to it long before. */
export const CONNECTION_BEAT = { periodMs: 60_000, silentMs: 150_000 } as const;

/** Of the publishing thread, which turns every 5 ms. */
export const THREAD_BEAT = { periodMs: 1_000, silentMs: 5_000 } as const;
/** Of the look at one lease, made every second at the latest. */
const LEASE_BEAT = { periodMs: 3_000, silentMs: 10_000 } as const;

const LOOK_MS = 250;
/** Tries to revive a part before it is given up; it stays given up until it beats by itself. */
const RESTARTS = 3;

/** Looks whether every part of the engine beats: a silent one is told of and begun anew; where that does not help, what depends on it stays halted (H13). */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #board = new HeartbeatBoard(LOOK_MS);
  readonly #silent = new Map<string, Silent>();
  #late: readonly string[] = [];
  #parts = 0;
  #cancel: () => void = () => undefined;
  #running = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#next();
  }

  stop(): void {
    this.#running = false;
    this.#cancel();
  }

  /** How many parts are silent now. */
  get silent(): number {
    return this.#silent.size;
  }

  health(): PartHealth {
    if (this.#silent.size > 0)
      return { ok: false, state: [...this.#silent.values()].map((each) => each.reason).join('; ') };
    const late = this.#late.length === 0 ? '' : `; late: ${this.#late.join(', ')}`;
    return { ok: true, state: `${this.#parts} parts beat${late}` };
  }

  #next(): void {
    this.#cancel = this.#options.timers.after(LOOK_MS, () => {
      if (!this.#running) return;
      this.#next();
      this.#look();
    });
  }

  #look(): void {
    const { clock, onLook, parts } = this.#options;
    onLook?.();
    const named = new Map(parts().map((part) => [part.name, part]));
    const readings = [...named.values()].map((part) => ({
      name: part.name,
      periodMs: part.periodMs,
      silentMs: part.silentMs,
      beats: part.beats(),
    }));
    const findings = this.#board.look(readings, clock.monoNanos());
    this.#parts = findings.length;
    this.#late = findings.filter(({ verdict }) => verdict === 'late').map(({ name }) => name);
    for (const [name, { part }] of [...this.#silent]) {
      if (named.has(name)) continue;
      this.#silent.delete(name);
      // It is there no more: what depended on it may depend on nothing that is silent.
      part.onSilent?.(null);
    }
    for (const finding of findings) {
      const part = named.get(finding.name);
      if (part !== undefined) this.#judge(part, finding);
    }
  }

  #judge(part: SupervisedPart, finding: HeartbeatFinding): void {
    const known = this.#silent.get(part.name);
    if (known !== undefined && (finding.beating || finding.verdict === 'resting')) this.#beatsAgain(part);
    else if (finding.verdict === 'silent') this.#onSilent(part, finding.reason, known ?? null);
  }

  #onSilent(part: SupervisedPart, reason: string, known: Silent | null): void {
    const { log, metrics, end } = this.#options;
    const silent = known ?? { part, reason, restarts: 0 };
    if (known === null) {
      this.#silent.set(part.name, silent);
      metrics.silentParts += 1;
      log('error', 'a part is silent', { part: part.name, reason });
      part.onSilent?.(reason);
      const remedy = part.restart === undefined ? 'it cannot be begun anew here' : 'it is begun anew';
      tellOf(part, 'critical', 'PART_SILENT', `${reason}; ${remedy}`);
    }
    if (part.restart === undefined || silent.restarts === RESTARTS) {
      if (part.vital === true) end(`${reason}, and could not be revived`);
      return;
    }
    silent.restarts += 1;
    metrics.restartedParts += 1;
    log('warn', 'a silent part is begun anew', { part: part.name, restarts: silent.restarts });
    try {
      part.restart(reason);
    } catch (error) {
      metrics.errors += 1;
      log('error', 'a silent part could not be begun anew', { part: part.name, reason: messageOf(error) });
    }
    this.#board.forgive(part.name);
  }

  #beatsAgain(part: SupervisedPart): void {
    this.#silent.delete(part.name);
    this.#options.log('info', 'a part beats again', { part: part.name });
    part.onSilent?.(null);
    tellOf(part, 'info', 'PART_BEATS_AGAIN', `${part.name} beats again`);
  }
}

/** The leases of one keeper, each a part of its own: one that is not looked at any more would be lost, or never taken. */
export function leaseParts(leases: {
  beats?(): ReadonlyMap<string, number>;
  revive?(name: string): void;
}): readonly SupervisedPart[] {
  const names = [...(leases.beats?.().keys() ?? [])];
  return names.map((name) => ({
    name: `lease ${name}`,
    ...LEASE_BEAT,
    beats: () => leases.beats?.().get(name) ?? null,
    restart: () => leases.revive?.(name),
  }));
}

function tellOf(part: SupervisedPart, severity: 'info' | 'critical', code: string, text: string): void {
  part.tell?.({ type: 'alert', body: { severity, code, text, dedupeKey: part.name } });
}
