import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { absolute, divideRounded, type Money, notionalOf, settled } from './money.ts';

/** A position of a linear contract in one-way mode, at average cost. */
export interface Position {
  readonly instrument: Instrument;
  /** Signed, in size units; negative = short. */
  size: number;
  /** What the open size cost: price × size, with the sign of the size. */
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
    position.cost = notionalOf(instrument, price, position.size);
  }
  return proceeds - closed;
}

/** The cost of a part of the position; the whole of it leaves nothing behind. */
function costShare(position: Position, closing: number): Money {
  const size = BigInt(Math.abs(position.size));
  if (BigInt(closing) === size) return position.cost;
  return settled(divideRounded(position.cost * BigInt(closing), size));
}

/** Value at a price less cost. */
export function unrealizedProfit(position: Position, markPrice: number): Money {
  return notionalOf(position.instrument, markPrice, position.size) - position.cost;
}

/** Average entry price in units of 10^-18; 0 when flat. */
export function entryPrice(position: Position): bigint {
  if (position.size === 0) return 0n;
  const { sizeScale, multiplier } = position.instrument;
  const contracts = BigInt(Math.abs(position.size)) * BigInt(multiplier);
  return divideRounded(absolute(position.cost) * 10n ** BigInt(sizeScale), contracts);
}
