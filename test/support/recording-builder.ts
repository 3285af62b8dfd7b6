import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange, SimulatedMarketEvent } from '#simulation/exchange/simulated-exchange.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket, type RecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { CLOCK_START } from '../support/scripted-market.ts';

export type Levels = readonly (readonly [string, string])[];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

export const START_MS = 1_723_161_255_030;

/** `<ns> <frame>` lines, one each 100 ms. */
export function record(name: string, frames: readonly (object | string)[]): string {
  const lines = frames.map((frame, index) => {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    return `${START_MS + index * 100}314667 ${text}\n`;
  });
  const file = pathOf(name);
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(lines.join('')) : lines.join(''));
  return file;
}

export function diff(first: number, last: number, previous: number, b: Levels, a: Levels): object {
  const data = { e: 'depthUpdate', E: START_MS, T: START_MS, s: 'COINUSDT', U: first, u: last, pu: previous, b, a };
  return { stream: 'coinusdt@depth@0ms', data };
}

export function trade(id: number, p: string, q: string, m: boolean): object {
  return { stream: 'coinusdt@trade', data: { e: 'trade', E: START_MS, T: START_MS, s: 'COINUSDT', t: id, p, q, m } };
}

export function snapshot(lastUpdateId: number, bids: Levels, asks: Levels): object {
  return { lastUpdateId, E: START_MS, T: START_MS, bids, asks };
}

export interface Replay {
  readonly source: RecordedMarket;
  readonly exchange: SimulatedExchange;
  readonly instrument: Instrument;
  readonly events: SimulatedMarketEvent[];
}

export function replay(...files: readonly string[]): Replay {
  const { venue, instruments } = inspectRecording(files);
  const source = createRecordedMarket({ venue, files, instruments });
  const exchange = createSimulatedExchange({ instruments, source, clockStart: CLOCK_START });
  const events: SimulatedMarketEvent[] = [];
  exchange.listen({ onMarket: (event) => events.push(event), onAccount: () => undefined });
  const [instrument] = instruments;
  if (instrument === undefined) throw new Error('no instrument');
  return { source, exchange, instrument, events };
}

/** Where a file of this test may be. */
export function pathOf(name: string): string {
  return join(folder, name);
}

/** A short recording whose snapshot comes in its middle. */
export const FRAMES = [
  diff(11, 15, 9, [['99.0', '1.0']], [['101.0', '0.0']]),
  trade(1, '100.0', '0.5', true),
  diff(17, 20, 15, [['100.0', '3.0']], [['100.5', '0.0']]),
  snapshot(
    22,
    [
      ['100.0', '3.0'],
      ['99.5', '2.0'],
      ['99.0', '1.0'],
    ],
    [
      ['101.5', '5.0'],
      ['102.0', '1.0'],
    ],
  ),
  diff(21, 25, 20, [['99.5', '2.0']], [['101.5', '4.0']]),
  trade(2, '101.5', '0.5', false),
] as const;
