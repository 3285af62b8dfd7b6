import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import type { Row } from './bybit-rows.ts';

type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** The one-minute candles of one symbol as `kline.1` tells them: each state at most once a second, and each candle once more when it is final. */
export interface CandleTopic {
  readonly topic: string;
  readonly symbol: string;
  onTrade(trade: Trade): void;
  /** Time goes on: candles end and new ones begin without trades too. */
  onTime(time: number): void;
}

interface Candle {
  readonly start: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  turnover: bigint;
}

const MINUTE_MS = 60_000;
const PUSH_MS = 1_000;

export function createCandleTopic(options: {
  readonly topic: string;
  readonly instrument: Instrument;
  readonly lastPrice: () => number;
  readonly now: () => number;
  readonly send: (frame: string) => void;
}): CandleTopic {
  const { topic, instrument } = options;
  let candle: Candle | null = null;
  let sentAt = Number.NEGATIVE_INFINITY;

  function begin(time: number, price: number): Candle {
    const start = Math.floor(time / MINUTE_MS) * MINUTE_MS;
    return { start, open: price, high: price, low: price, close: price, volume: 0, turnover: 0n };
  }

  function tell(told: Candle, confirm: boolean, time: number): void {
    sentAt = time;
    const data = [rowOf(told, instrument, confirm, Math.floor(time))];
    options.send(JSON.stringify({ topic, data, ts: options.now(), type: 'snapshot' }));
  }

  /** The candle of this time; null while no price is known. */
  function at(time: number, price: number): Candle | null {
    if (candle === null) {
      if (price > 0) candle = begin(time, price);
      return candle;
    }
    if (time < candle.start + MINUTE_MS) return candle;
    tell(candle, true, time);
    candle = begin(time, candle.close);
    return candle;
  }

  function pushIfDue(current: Candle, time: number): void {
    if (time - sentAt >= PUSH_MS) tell(current, false, time);
  }

  return {
    topic,
    symbol: instrument.symbol,
    onTrade({ time, price, size }) {
      const current = at(time, price);
      if (current === null) return;
      current.high = Math.max(current.high, price);
      current.low = Math.min(current.low, price);
      current.close = price;
      current.volume += size;
      current.turnover += BigInt(price) * BigInt(size);
      pushIfDue(current, time);
    },
    onTime(time) {
      const current = at(time, options.lastPrice());
      if (current !== null) pushIfDue(current, time);
    },
  };
}

function rowOf(candle: Candle, instrument: Instrument, confirm: boolean, timestamp: number): Row {
  const price = (value: number): string => formatScaled(value, instrument.priceScale);
  return {
    start: candle.start,
    end: candle.start + MINUTE_MS - 1,
    interval: '1',
    open: price(candle.open),
    close: price(candle.close),
    high: price(candle.high),
    low: price(candle.low),
    volume: formatScaled(candle.volume, instrument.sizeScale),
    turnover: String(Number(candle.turnover) / 10 ** (instrument.priceScale + instrument.sizeScale)),
    confirm,
    timestamp,
  };
}
