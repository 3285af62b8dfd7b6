import type { VenueId } from '#core/market/instrument.ts';
import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { SimulatedVenue } from '../protocol/simulated-venue.ts';
import type { OneShotFault } from '../protocol/venue-faults.ts';
import type { BotAct } from './bot-act.ts';

/** What became of a bot in a scenario. `notJudged`: the venue could not see what it takes to say. */
export interface Verdict {
  readonly kind: 'survived' | 'failed' | 'notJudged';
  readonly because: string;
}

/** What everybody reads of a scenario. */
export interface ScenarioText {
  /** `F1`, `G13`. */
  readonly id: string;
  readonly given: string;
  readonly when: string;
  readonly must: string;
}

/** One that the venue stages and judges from outside. */
export interface JudgedScenario extends ScenarioText {
  readonly venues: readonly VenueId[];
  /** For how long the bot is watched after the fault struck, ms; most verdicts come sooner. */
  readonly watchMs: number;
  /** What the owner of the bot has to do once the fault has struck; absent: nothing. */
  readonly owner?: string;
  /** Waits for what the bot does, arms faults, and says when they struck. Called once, when the bot may be trading already. */
  readonly arm: (stage: Stage) => void;
  /** Null: nothing is decided yet. With `truth.over` there must be a verdict. */
  readonly judge: (truth: Truth) => Verdict | null;
}

/** One that cannot be staged or judged by a venue, and why. */
export interface UnjudgedScenario extends ScenarioText {
  readonly notJudged: string;
}

export type Scenario = JudgedScenario | UnjudgedScenario;

/** What a scenario has in its hands. */
export interface Stage {
  readonly venue: SimulatedVenue;
  readonly exchange: SimulatedExchange;
  /** The bot's account at the exchange. */
  readonly account: string;
  /** Lets a fault happen; what has not happened when the scenario is over is taken back. */
  arm(fault: OneShotFault, times?: number): void;
  /** Takes back what has not happened. */
  disarm(): void;
  /** Hears every act of the bot until the scenario is over. */
  onAct(run: (act: BotAct) => void): void;
  /** Everything that was seen of the bot, before the scenario as well. */
  readonly acts: readonly BotAct[];
  /** In turn with the event loop, once what is being carried out is done; or after so many milliseconds. Not after the scenario is over. */
  later(run: () => void, delayMs?: number): void;
  /** Undone when the scenario is over. */
  atEnd(run: () => void): void;
  /** The fault has struck: what follows `after` (default: the last act seen) is judged. Only the first call counts. */
  strike(subject: SimulatedOrder | null, after?: BotAct): void;
  readonly struck: boolean;
  /** Another account with money enough to trade against the bot. */
  crowd(): string;
}

/** What happened since the fault struck. */
export interface Truth {
  /** The order that the fault struck, as it was then. */
  readonly subject: SimulatedOrder | null;
  readonly acts: readonly BotAct[];
  readonly before: readonly BotAct[];
  readonly struckAt: number;
  readonly elapsedMs: number;
  /** The watch is over: now or never. */
  readonly over: boolean;
  readonly exchange: SimulatedExchange;
  readonly account: string;
}

export function survived(because: string): Verdict {
  return { kind: 'survived', because };
}

export function failed(because: string): Verdict {
  return { kind: 'failed', because };
}

export function notJudged(because: string): Verdict {
  return { kind: 'notJudged', because };
}
