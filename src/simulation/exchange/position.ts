import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { absolute, divideRounded, type Money, notionalOf, settled } from './money.ts';

/** A position of a contract or an equity in one-way mode, at average cost: an inverse one at its harmonic mean. Spot has none. */
export interface Position {
  readonly instrument: Instrument;
  /** Signed, in size units; negative = short. */
  size: number;
  /** What the open size was worth in the settlement currency when it was opened, with the sign of the size. */
  cost: Money;
}

/** Moves the position by a fill and returns the profit realised. */
export function applyToPosition(position: Position, side: Side, price: number, size: number): Money {
  const { instrument } = position;
  const signed = side === 'buy' ? size : -size;
  if (position.size === 0 || Math.sign(position.size) === Math.sign(signed)) {
    position.size += signed;
    position.cost += notionalOf(instrument, price, signed);
    return 0n;
  }
  const closing = Math.min(Math.abs(position.size), size);
  const closed = costShare(position, closing);
  const proceeds = notionalOf(instrument, price, Math.sign(position.size) * closing);
  position.cost -= closed;
  position.size -= Math.sign(position.size) * closing;
  const opening = size - closing;
  if (opening > 0) {
    position.size = side === 'buy' ? opening : -opening;
    // The rest of the fill's whole value, so that two sides of a trade round alike whatever each of them closes.
    position.cost = notionalOf(instrument, price, signed) + proceeds;
  }
  return profitOf(instrument, closed, proceeds);
}

/** What a value that was bought as `cost` brings: who holds inverse contracts is paid the more of the base currency the less of it they are worth. */
function profitOf(instrument: Instrument, cost: Money, value: Money): Money {
  return instrument.kind === 'inverse' ? cost - value : value - cost;
}

/** The cost of a part of the position; the whole of it leaves nothing behind. */
function costShare(position: Position, closing: number): Money {
  const size = BigInt(Math.abs(position.size));
  if (BigInt(closing) === size) return position.cost;
  return settled(divideRounded(position.cost * BigInt(closing), size));
}

/** What closing it at a price would bring. */
export function unrealizedProfit(position: Position, markPrice: number): Money {
  return profitOf(position.instrument, position.cost, notionalOf(position.instrument, markPrice, position.size));
}

/** Average entry price in units of 10^-18; 0 when flat. */
export function entryPrice(position: Position): bigint {
  if (position.size === 0) return 0n;
  const { kind, sizeScale, multiplier } = position.instrument;
  const contracts = BigInt(Math.abs(position.size)) * BigInt(multiplier);
  if (kind === 'inverse') return divideRounded(contracts * 10n ** BigInt(36 - sizeScale), absolute(position.cost));
  return divideRounded(absolute(position.cost) * 10n ** BigInt(sizeScale), contracts);
}
