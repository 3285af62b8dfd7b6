import type { ScannerConfiguration } from '../config/scanner-configuration.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { CandidateFigures } from './market-scanner.ts';

/** What a scanner proposes to a lane, with the figures it was made from. */
export interface SymbolProposal {
  readonly symbol: string;
  readonly figures: readonly CandidateFigures[];
}

/** Where a lane stands, as its chooser needs it. */
export interface ChoosingLane {
  /** The symbol that the lane has, or is on its way to. */
  readonly symbol: string;
  /** Since when it trades that symbol; null: it is still on its way. */
  readonly since: MonoNanos | null;
}

/**
 * Decides when one lane should change its symbol: another candidate must be better than the lane's by a margin, the same one for a time, and the lane must have stayed for a time. A symbol that does
 * not rank is worse than any that does; where none ranks, nothing is proposed.
 */
export class SymbolChooser {
  readonly #settings: ScannerConfiguration;
  #challenger: string | null = null;
  #ahead = 0 as MonoNanos;

  constructor(settings: ScannerConfiguration) {
    this.#settings = settings;
  }

  /** After each sample. Null: the lane stays where it is, or goes on to where it goes. */
  choose(figures: readonly CandidateFigures[], lane: ChoosingLane, now: MonoNanos): SymbolProposal | null {
    const best = bestOf(figures);
    if (best === null || best.symbol === lane.symbol || !this.#beats(best, figures, lane.symbol)) {
      this.#challenger = null;
      return null;
    }
    if (best.symbol !== this.#challenger) {
      this.#challenger = best.symbol;
      this.#ahead = now;
    }
    const { holdMs, minStayMs } = this.#settings;
    if (now - this.#ahead < holdMs * 1e6) return null;
    if (lane.since !== null && now - lane.since < minStayMs * 1e6) return null;
    return { symbol: best.symbol, figures };
  }

  #beats(best: CandidateFigures, figures: readonly CandidateFigures[], symbol: string): boolean {
    const own = figures.find((each) => each.symbol === symbol)?.score ?? null;
    return own === null || (best.score ?? 0) > own * (1 + this.#settings.margin);
  }
}

/** Of equals the one that is declared first. */
function bestOf(figures: readonly CandidateFigures[]): CandidateFigures | null {
  let best: CandidateFigures | null = null;
  for (const each of figures) {
    if (each.score !== null && (best === null || each.score > (best.score ?? 0))) best = each;
  }
  return best;
}
