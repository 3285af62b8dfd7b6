import { MillraceError } from '#core/errors.ts';
import type { Side } from '#core/market/market-message.ts';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedTarget } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import { BinanceRefusal, mandatory } from './binance-errors.ts';

const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
let generatedIds = 0;

/** The client's id of a new order, or one of the venue's making. Throws `code` for one that is not valid. */
export function clientOrderIdOf(params: RequestParams, name: string, code: number): string {
  const given = params.get(name) ?? generateId();
  if (!CLIENT_ID.test(given)) throw new BinanceRefusal(400, code, 'Client order id is not valid.');
  return given;
}

export function generateId(): string {
  generatedIds += 1;
  return `x-${generatedIds.toString(36).padStart(8, '0')}`;
}

export function sideOf(text: string): Side {
  if (text === 'BUY') return 'buy';
  if (text === 'SELL') return 'sell';
  throw new BinanceRefusal(400, -1117, 'Invalid side.');
}

export function targetOf(params: RequestParams): SimulatedTarget {
  const orderId = params.get('orderId') ?? null;
  const clientOrderId = params.get('origClientOrderId') ?? null;
  if (orderId === null && clientOrderId === null) {
    throw new BinanceRefusal(
      400,
      -1102,
      "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    );
  }
  return { orderId, clientOrderId };
}

export function required(params: RequestParams, name: string): string {
  const value = params.get(name);
  if (value === undefined || value === '') throw mandatory(name);
  return value;
}

/** Throws -1111 for more decimals than the asset has, -1100 for what is no decimal. */
export function scaled(text: string, scale: number): number {
  try {
    return parseScaled(text, scale);
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'DECIMAL_PRECISION') {
      throw new BinanceRefusal(400, -1111, 'Precision is over the maximum defined for this asset.');
    }
    throw new BinanceRefusal(400, -1100, `Illegal characters found in a parameter: '${text.slice(0, 40)}'.`);
  }
}
