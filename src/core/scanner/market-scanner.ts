import type { ScannerConfiguration } from '../config/scanner-configuration.ts';
import type { MonoNanos } from '../time/clock.ts';
import { squaredLogReturn } from './squared-log-return.ts';

/** What a scanner knows of a candidate. */
export interface CandidateFigures {
  readonly symbol: string;
  /** Root of the averaged squared log return from one sample to the next, basis points. */
  readonly volatilityBps: number;
  /** Value traded in a minute, averaged, in the quote currency (of inverse contracts their face value). */
  readonly volumePerMinute: number;
  /** Averaged distance of ask and bid, basis points of their mid. */
  readonly spreadBps: number;
  /** 0 to 1, beside the other candidates that rank; null: it does not rank. */
  readonly score: number | null;
  /** Why it does not rank; null: it does. */
  readonly reason: 'noQuote' | 'stale' | 'warmingUp' | 'floor' | 'excluded' | null;
}

/** Why a scanner did not take what came. */
const SCANNER_DROPS = ['unknownSymbol', 'notAPrice', 'crossed', 'outOfOrder'] as const;
export type ScannerDrop = (typeof SCANNER_DROPS)[number];

interface Candidate {
  bid: number;
  ask: number;
  quotedAt: number;
  /** Value traded since the last sample. */
  traded: number;
  /** Mid of the last sample, if that had a fresh quote; 0 otherwise. */
  mid: number;
  samples: number;
  /** Samples in a row without a fresh quote. */
  missed: number;
  variance: number;
  volume: number;
  spread: number;
}

/**
 * Volatility, volume and spread of a scanner's candidates, from their quotes and trades. One fixed set of numbers for each candidate, whatever comes; the same inputs give the same figures
 * everywhere. Quotes and trades cost a few assignments; figures are made once for each sample.
 */
export class MarketScanner {
  readonly settings: ScannerConfiguration;
  /** What was not taken, by reason. */
  readonly dropped: Record<ScannerDrop, number> = { unknownSymbol: 0, notAPrice: 0, crossed: 0, outOfOrder: 0 };
  readonly #candidates = new Map<string, Candidate>();
  /** Weight of a new sample: that of an average over `span` of them. */
  readonly #weight: number;
  readonly #sampleNanos: number;
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(settings: ScannerConfiguration) {
    this.settings = settings;
    this.#weight = 2 / (settings.span + 1);
    this.#sampleNanos = settings.sampleMs * 1e6;
    for (const symbol of settings.candidates) this.#candidates.set(symbol, fresh());
  }

  /** Hot: best bid and ask, in any unit that is the same for both. */
  onQuote(symbol: string, bid: number, ask: number, at: MonoNanos): void {
    const candidate = this.#candidates.get(symbol);
    if (candidate === undefined) this.dropped.unknownSymbol += 1;
    else if (!(bid > 0 && ask > 0 && ask < Number.POSITIVE_INFINITY)) this.dropped.notAPrice += 1;
    else if (bid > ask) this.dropped.crossed += 1;
    else if (at < candidate.quotedAt) this.dropped.outOfOrder += 1;
    else {
      candidate.bid = bid;
      candidate.ask = ask;
      candidate.quotedAt = at;
    }
  }

  /** Hot: a trade, by its value in the quote currency. */
  onTrade(symbol: string, value: number): void {
    const candidate = this.#candidates.get(symbol);
    if (candidate === undefined) this.dropped.unknownSymbol += 1;
    else if (value >= 0 && value < Number.POSITIVE_INFINITY) candidate.traded += value;
    else this.dropped.notAPrice += 1;
  }

  /** Takes a sample, every `sampleMs`. A sample that comes too soon after the last is left out: it would weigh too much. */
  sample(now: MonoNanos): boolean {
    if (now - this.#sampledAt < this.#sampleNanos / 2) return false;
    // After a pause of the process the trades of the pause would count as those of one sample.
    const regular = now - this.#sampledAt < this.#sampleNanos * 2;
    this.#sampledAt = now;
    for (const candidate of this.#candidates.values()) this.#take(candidate, now, regular);
    return true;
  }

  /** Figures of all candidates in their order. `excluded`: symbols that must not rank, whatever they do. */
  figures(now: MonoNanos, excluded: (symbol: string) => boolean): readonly CandidateFigures[] {
    const all = [...this.#candidates].map(([symbol, candidate]) => ({
      ...this.#figuresOf(symbol, candidate),
      reason: excluded(symbol) ? ('excluded' as const) : this.#whyNot(candidate, now),
    }));
    const ranked = all.filter((each) => each.reason === null);
    const top = {
      volatility: Math.max(...ranked.map((each) => each.volatilityBps)),
      volume: Math.max(...ranked.map((each) => each.volumePerMinute)),
      spread: Math.min(...ranked.map((each) => each.spreadBps)),
    };
    return all.map((each) => ({ ...each, score: each.reason === null ? this.#score(each, top) : null }));
  }

  #take(candidate: Candidate, now: MonoNanos, regular: boolean): void {
    const { traded } = candidate;
    candidate.traded = 0;
    if (now - candidate.quotedAt > this.settings.maxAgeMs * 1e6) {
      candidate.mid = 0;
      candidate.missed += 1;
      // What it was so long ago says nothing of what it is.
      if (candidate.missed > this.settings.span) Object.assign(candidate, fresh());
      return;
    }
    const mid = (candidate.bid + candidate.ask) / 2;
    const spread = ((candidate.ask - candidate.bid) / mid) * 1e4;
    if (candidate.mid > 0 && regular) {
      const first = candidate.samples === 0;
      const weight = first ? 1 : this.#weight;
      candidate.variance += weight * (squaredLogReturn(candidate.mid, mid) - candidate.variance);
      candidate.volume += weight * (traded - candidate.volume);
      candidate.spread += weight * (spread - candidate.spread);
      candidate.samples = Math.min(candidate.samples + 1, this.settings.warmUp);
    }
    candidate.mid = mid;
    candidate.missed = 0;
  }

  #figuresOf(symbol: string, { variance, volume, spread }: Candidate) {
    return {
      symbol,
      volatilityBps: Math.sqrt(variance) * 1e4,
      volumePerMinute: (volume * 60_000) / this.settings.sampleMs,
      spreadBps: spread,
    };
  }

  #whyNot(candidate: Candidate, now: MonoNanos): CandidateFigures['reason'] {
    const { maxAgeMs, warmUp, floors } = this.settings;
    if (candidate.quotedAt === Number.NEGATIVE_INFINITY) return 'noQuote';
    if (now - candidate.quotedAt > maxAgeMs * 1e6) return 'stale';
    if (candidate.samples < warmUp) return 'warmingUp';
    const { volatilityBps, volumePerMinute, spreadBps } = this.#figuresOf('', candidate);
    const enough =
      volatilityBps >= floors.minVolatilityBps &&
      volumePerMinute >= floors.minVolumePerMinute &&
      spreadBps <= floors.maxSpreadBps;
    return enough ? null : 'floor';
  }

  /** Each figure counts as its part of the best among those that rank. */
  #score(
    each: { readonly volatilityBps: number; readonly volumePerMinute: number; readonly spreadBps: number },
    top: { readonly volatility: number; readonly volume: number; readonly spread: number },
  ): number {
    const { weights } = this.settings;
    const sum =
      weights.volatility * partOf(each.volatilityBps, top.volatility) +
      weights.volume * partOf(each.volumePerMinute, top.volume) +
      weights.spread * partOf(top.spread, each.spreadBps);
    return sum / (weights.volatility + weights.volume + weights.spread);
  }
}

/** A zero beside a best of zero is as good as the best. */
function partOf(value: number, best: number): number {
  return best > 0 ? value / best : 1;
}

function fresh(): Candidate {
  return {
    bid: 0,
    ask: 0,
    quotedAt: Number.NEGATIVE_INFINITY,
    traded: 0,
    mid: 0,
    samples: 0,
    missed: 0,
    variance: 0,
    volume: 0,
    spread: 0,
  };
}
