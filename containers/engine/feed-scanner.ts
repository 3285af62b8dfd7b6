import type { ScannerConfiguration } from '#core/config/scanner-configuration.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { Now } from '#core/lanes/now.ts';
import { type Instrument, notional } from '#core/market/instrument.ts';
import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { type CandidateFigures, MarketScanner, type ScannerDrop } from '#core/scanner/market-scanner.ts';
import type { Clock, MonoNanos, Timers } from '#core/time/clock.ts';
import type { FeedMessage } from './feed-socket.ts';

/** What scanners make of a feed. */
export interface FeedScanning {
  readonly scanners: readonly ScannerConfiguration[];
  /** Symbols of which only what scanners hear is carried until a lane asks for one. */
  readonly watched: ReadonlySet<string>;
}

export interface FeedScannerOptions {
  /** Of the feed. */
  readonly name: string;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly inputLog: InputLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A sample has been taken: lanes may be proposed another symbol. */
  readonly onSampled: (scanner: MarketScanner, now: Now) => void;
}

/** A scanner, as health and metrics show it. */
export interface ScannerStatus {
  readonly scanner: string;
  readonly candidates: readonly CandidateFigures[];
  readonly dropped: Readonly<Record<ScannerDrop, number>>;
}

/** The scanners of a feed: they hear what its sockets say of their candidates, and take their samples. */
export class FeedScanner {
  readonly #options: FeedScannerOptions;
  #scanners: readonly MarketScanner[] = [];
  /** Who hears of a symbol. */
  readonly #bySymbol = new Map<string, MarketScanner[]>();
  readonly #cancel = new Map<MarketScanner, () => void>();

  constructor(scanners: readonly ScannerConfiguration[], options: FeedScannerOptions) {
    this.#options = options;
    this.#set(scanners.map((each) => new MarketScanner(each)));
  }

  /** What it has learned of a scanner stays as long as that does not change. */
  reconfigure(scanners: readonly ScannerConfiguration[]): void {
    this.#set(
      scanners.map((next) => {
        const text = JSON.stringify(next);
        return this.#scanners.find(({ settings }) => JSON.stringify(settings) === text) ?? new MarketScanner(next);
      }),
    );
  }

  stop(): void {
    this.#set([]);
  }

  /** Hot: what came that is no book. */
  onMessage(message: FeedMessage, receivedAt: MonoNanos): void {
    switch (message.type) {
      case 'scannedQuote':
      case 'quote':
      case 'scannedTrade':
      case 'trade':
        break;
      default:
        return;
    }
    const scanners = this.#bySymbol.get(message.symbol);
    const instrument = scanners === undefined ? undefined : this.#options.instruments.get(message.symbol);
    if (scanners === undefined || instrument === undefined) return;
    for (const scanner of scanners) hear(scanner, message, instrument, receivedAt);
  }

  status(): readonly ScannerStatus[] {
    const now = this.#options.clock.monoNanos();
    return this.#scanners.map((scanner) => ({
      scanner: scanner.settings.name,
      candidates: scanner.figures(now, () => false),
      dropped: { ...scanner.dropped },
    }));
  }

  #set(scanners: readonly MarketScanner[]): void {
    for (const [scanner, cancel] of [...this.#cancel]) {
      if (scanners.includes(scanner)) continue;
      cancel();
      this.#cancel.delete(scanner);
    }
    this.#scanners = scanners;
    this.#bySymbol.clear();
    for (const scanner of scanners) {
      for (const symbol of scanner.settings.candidates) {
        const heard = this.#bySymbol.get(symbol) ?? [];
        heard.push(scanner);
        this.#bySymbol.set(symbol, heard);
      }
      if (!this.#cancel.has(scanner)) this.#schedule(scanner);
    }
  }

  #schedule(scanner: MarketScanner): void {
    const { timers } = this.#options;
    this.#cancel.set(
      scanner,
      timers.after(scanner.settings.sampleMs, () => {
        this.#schedule(scanner);
        this.#sample(scanner);
      }),
    );
  }

  #sample(scanner: MarketScanner): void {
    const { clock, inputLog, name, onSampled } = this.#options;
    const now: Now = { mono: clock.monoNanos(), epoch: clock.epochMs() };
    inputLog.record('scan', name, scanner.settings.name, null, now);
    if (scanner.sample(now.mono)) onSampled(scanner, now);
  }
}

type Heard = Extract<FeedMessage, { readonly type: 'scannedQuote' | 'quote' | 'scannedTrade' | 'trade' }>;

/** Text and scanned numbers give the same doubles: both are the nearest to the decimal value. */
function hear(scanner: MarketScanner, message: Heard, instrument: Instrument, at: MonoNanos): void {
  const { symbol } = message;
  if (message.type === 'scannedQuote') {
    const unit = powerOfTen(instrument.priceScale);
    scanner.onQuote(symbol, message.bidPrice / unit, message.askPrice / unit, at);
  } else if (message.type === 'quote') {
    scanner.onQuote(symbol, Number(message.bidPrice), Number(message.askPrice), at);
  } else if (message.type === 'scannedTrade') {
    scanner.onTrade(symbol, notional(instrument, message.price, message.size));
  } else {
    const size = Number(message.size) * instrument.multiplier;
    scanner.onTrade(symbol, instrument.kind === 'inverse' ? size : Number(message.price) * size);
  }
}
