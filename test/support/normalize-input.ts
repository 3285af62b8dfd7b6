import { runNormalize } from './run-normalize.ts';

export const TIME = 1_723_161_256_298;
export const ISO = '2024-08-08T23:54:16.298Z';
export const NS = '1723161255030314667';
export const binance = (argv: readonly string[], stdin?: string | Buffer) =>
  runNormalize(['--venue', 'binance-usdm', ...argv], stdin);
export const bybit = (argv: readonly string[], stdin?: string | Buffer) =>
  runNormalize(['--venue', 'bybit-linear', ...argv], stdin);

export const trade = (id: number) => ({
  e: 'aggTrade',
  E: TIME,
  s: 'BTCUSDT',
  a: id,
  p: '10.50',
  q: '2.0',
  T: TIME,
  m: true,
});
export const TRADE_LINE = (id: number) =>
  `{"type":"trade","symbol":"BTCUSDT","id":"${id}","price":"10.5","size":"2","side":"sell","exchangeTime":"${ISO}"}`;

export function depth(first: number, last: number, previous: number, bids: unknown[] = [], symbol = 'BTCUSDT') {
  const data = { e: 'depthUpdate', E: TIME, T: TIME, s: symbol, U: first, u: last, pu: previous, b: bids, a: [] };
  return { stream: `${symbol.toLowerCase()}@depth@100ms`, data };
}
export const whole = (
  lastUpdateId: number,
  bids: unknown[] = [['10.0', '1.00']],
  asks: unknown[] = [['11.0', '1']],
) => ({
  lastUpdateId,
  E: TIME,
  T: TIME,
  bids,
  asks,
});
export const raw = (...frames: unknown[]) => frames.map((frame) => `${NS} ${JSON.stringify(frame)}\n`).join('');
export const types = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).type as string);
