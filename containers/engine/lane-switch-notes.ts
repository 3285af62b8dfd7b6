import type { ScannedLane } from '#core/config/scanner-configuration.ts';
import { messageOf } from '#core/errors.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { SwitchEffect } from '#core/lanes/switch-effects.ts';
import type { SymbolProposal } from '#core/scanner/symbol-chooser.ts';

/** What is told of a proposal: the figures that it was made from. */
export function proposalNote({ lane, scanner }: ScannedLane, from: string, proposal: SymbolProposal): EventNote {
  const figures = proposal.figures.map((each) => ({ ...each }));
  return {
    type: 'scanner.proposed',
    body: { scanner: scanner.name, lane: lane.name, from, to: proposal.symbol, figures },
  };
}

/** A step that was taken, for the trading stream. */
export function moveNote(
  { lane }: ScannedLane,
  { from, to, symbol, target, reason }: Extract<SwitchEffect, { kind: 'moved' }>,
  generation: number,
): EventNote {
  return { type: 'lane.symbol', body: { lane: lane.name, symbol, target, from, to, generation, reason } };
}

/** People are told that a step of a change failed, and that it is tried again. */
export function failureNote(
  { lane }: ScannedLane,
  { step, failures, reason }: Extract<SwitchEffect, { kind: 'failed' }>,
): EventNote {
  return {
    type: 'alert',
    body: {
      severity: failures < 3 ? 'warning' : 'critical',
      code: 'SYMBOL_SWITCH_FAILED',
      text: `${lane.name}: ${step} failed ${failures} times (${reason}); no entries until it is done, and it is tried again`,
      dedupeKey: `switch/${lane.mode}/${lane.account}/${lane.venue}/${lane.name}/${step}`,
    },
  };
}

/** People are told that the symbol of a lane that is gone may still be subscribed. */
export function unreleasedNote({ lane }: ScannedLane, symbol: string, error: unknown): EventNote {
  return {
    type: 'alert',
    body: {
      severity: 'warning',
      code: 'UNSUBSCRIBE_UNCONFIRMED',
      text: `${lane.name} has ended, and the venue did not confirm that ${symbol} was unsubscribed: ${messageOf(error)}`,
      dedupeKey: `release/${lane.name}/${symbol}`,
    },
  };
}
