import type { UnitRef } from '#core/control/unit.ts';
import { unitId } from '#core/control/unit.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import type { StageStamps, TradingEvent } from '#core/events/trading-event.ts';
import { TRADING_EVENT_VERSION } from '#core/events/trading-event.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { EngineMetrics } from './engine-metrics.ts';

/** What every event of this engine says of its origin. */
export interface EventOrigin {
  /** Name of the engine: holder of its leases. */
  readonly engine: string;
  readonly build: string;
  readonly configurationHash: () => string;
}

/** Puts the envelope around a unit's events: identity (unit, epoch, sequence) and origin. One per unit and lease, so that no identity comes twice. */
export class UnitEvents {
  readonly #publisher: Publisher;
  readonly #unit: UnitRef;
  readonly #epoch: number;
  readonly #origin: EventOrigin;
  #sequence = 0;

  constructor(publisher: Publisher, unit: UnitRef, epoch: number, origin: EventOrigin) {
    this.#publisher = publisher;
    this.#unit = unit;
    this.#epoch = epoch;
    this.#origin = origin;
  }

  emit(note: EventNote, stamps: StageStamps | null, time: EpochMs): void {
    this.#sequence += 1;
    const unit = unitId(this.#unit);
    this.#publisher.event({
      id: `${unit}/${this.#epoch}/${this.#sequence}`,
      version: TRADING_EVENT_VERSION,
      account: this.#unit.account,
      mode: this.#unit.mode,
      venue: this.#unit.venue,
      unit,
      epoch: this.#epoch,
      sequence: this.#sequence,
      causationId: null,
      traceId: null,
      configurationHash: this.#origin.configurationHash(),
      build: this.#origin.build,
      time,
      stamps,
      ...note,
    } as TradingEvent);
  }
}

/** Counts what becomes of orders. */
export function countNote(metrics: EngineMetrics, note: EventNote): void {
  if (note.type === 'order.state') metrics.count(note.body.to);
  else if (note.type === 'order.intended') metrics.count('intended');
  else if (note.type === 'order.denied') metrics.count('Denied');
  else if (note.type === 'fill') metrics.count('fill');
}

/** A unit's lease begins. */
export function acquiredNote(name: string, holder: string, previousHolder: string | null): EventNote {
  const reason = previousHolder === null ? 'free' : 'taken over';
  return { type: 'lease', body: { name, change: 'acquired', holder, previousHolder, reason } };
}
