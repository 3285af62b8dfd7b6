import type { Instrument } from '#core/market/instrument.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';

type Row = Record<string, unknown>;

/** One symbol's answer for a request that names it, else all. */
export function perSymbol(
  context: BinanceContext,
  params: RequestParams,
  row: (context: BinanceContext, instrument: Instrument) => Row,
): Row | readonly Row[] {
  const symbol = params.get('symbol');
  if (symbol !== undefined) return row(context, context.instrument(symbol));
  return context.exchange.instruments.map((instrument) => row(context, instrument));
}
