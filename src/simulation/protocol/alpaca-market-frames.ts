import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedBook, SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import { timestampOf } from './alpaca-rows.ts';

/** Frames as Alpaca writes them: a list of one message. Prices and sizes are numbers, so their text is put in as it is. */

/** `q`: the best bid and offer of the book; a side that is empty has price and size 0. */
export function quoteFrame(book: SimulatedBook, instrument: Instrument, time: number): string {
  const [bid, ask] = [book.bids[0], book.asks[0]];
  const price = (value: number | undefined): string => formatScaled(value ?? 0, instrument.priceScale);
  const size = (value: number | undefined): string => formatScaled(value ?? 0, instrument.sizeScale);
  return `[{"T":"q","S":"${book.symbol}","bx":"V","bp":${price(bid?.[0])},"bs":${size(bid?.[1])},"ax":"V","ap":${price(ask?.[0])},"as":${size(ask?.[1])},"c":["R"],"z":"C","t":"${timestampOf(time)}"}]`;
}

type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** `t`: a trade, without its taker. */
export function tradeFrame(trade: Trade, instrument: Instrument): string {
  const price = formatScaled(trade.price, instrument.priceScale);
  const size = formatScaled(trade.size, instrument.sizeScale);
  return `[{"T":"t","S":"${trade.symbol}","i":${trade.tradeId},"x":"V","p":${price},"s":${size},"c":["@"," "],"z":"C","t":"${timestampOf(trade.time)}"}]`;
}

/** `s`: `H` halted, `T` trading. */
export function statusFrame(symbol: string, trading: boolean, time: number): string {
  const [sc, sm] = trading ? ['T', 'Trading Resumption'] : ['H', 'Trading Halt'];
  const [rc, rm] = trading ? ['', ''] : ['T12', 'Trading Halted; For information requested by NASDAQ'];
  return JSON.stringify([{ T: 's', S: symbol, sc, sm, rc, rm, t: timestampOf(time), z: 'C' }]);
}

const MINUTE_MS = 60_000;

interface Bar {
  readonly start: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  count: number;
}

/** Bars of one minute, made from the trades; each is told once its minute is over. */
export class MinuteBars {
  readonly #bars = new Map<string, Bar>();

  add({ symbol, price, size, time }: Trade): void {
    const start = Math.floor(time / MINUTE_MS) * MINUTE_MS;
    const bar = this.#bars.get(symbol);
    if (bar === undefined || bar.start !== start) {
      this.#bars.set(symbol, { start, open: price, high: price, low: price, close: price, volume: size, count: 1 });
      return;
    }
    bar.high = Math.max(bar.high, price);
    bar.low = Math.min(bar.low, price);
    bar.close = price;
    bar.volume += size;
    bar.count += 1;
  }

  /** Frames of the bars that are over at `now`, by symbol. They are told once. */
  take(now: number, instrumentOf: (symbol: string) => Instrument | null): readonly (readonly [string, string])[] {
    const over = [...this.#bars].filter(([, bar]) => bar.start + MINUTE_MS <= now);
    return over.flatMap(([symbol, bar]) => {
      this.#bars.delete(symbol);
      const instrument = instrumentOf(symbol);
      return instrument === null ? [] : [[symbol, barFrame(symbol, bar, instrument)] as const];
    });
  }
}

function barFrame(symbol: string, bar: Bar, instrument: Instrument): string {
  const price = (value: number): string => formatScaled(value, instrument.priceScale);
  const start = new Date(bar.start).toISOString().replace('.000Z', 'Z');
  return `[{"T":"b","S":"${symbol}","o":${price(bar.open)},"h":${price(bar.high)},"l":${price(bar.low)},"c":${price(bar.close)},"v":${formatScaled(bar.volume, instrument.sizeScale)},"t":"${start}","n":${bar.count}}]`;
}
