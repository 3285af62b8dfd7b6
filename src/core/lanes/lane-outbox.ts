import type { StageStamps, TradingEventBody, TradingEventType } from '../events/trading-event.ts';
import type { EventNote, LaneEffect } from './lane-effects.ts';

/** The effects of a lane's step, in order; the caller carries them out after it and empties the buffer. */
export class LaneOutbox {
  readonly effects: LaneEffect[] = [];

  event<Type extends TradingEventType>(
    type: Type,
    body: TradingEventBody<Type>,
    stamps: StageStamps | null = null,
  ): void {
    this.effects.push({ kind: 'event', note: { type, body } as unknown as EventNote, stamps });
  }

  alert(severity: 'info' | 'warning' | 'critical', code: string, text: string, dedupeKey: string): void {
    this.event('alert', { severity, code, text, dedupeKey });
  }

  push(effect: LaneEffect): void {
    this.effects.push(effect);
  }
}
