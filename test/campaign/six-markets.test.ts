import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VENUES } from '#core/market/instrument.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { trade } from '../support/whole-run.ts';

const MINUTES = 60_000;
const RECORDED = ['binance/recorded/spot_btcusdt_20240808.raw.gz', 'binance/recorded/usdm_btcusdt_20240808.raw.gz'];
const OPTIONS = 'deribit/recorded/cryptofeed_options_btc.jsonl.gz';
const fileOf = (name: string) => join(SHARED_DATA, name);

describe('T9: the whole pipeline on every market', () => {
  it(
    'all six: every equality of the summary holds',
    async () => {
      const summary = await trade(['--seconds', '60', '--seed', '5']);
      expect(Object.keys(summary.frames).sort()).toEqual([...VENUES].sort());
      for (const [venue, { sent }] of Object.entries(summary.frames)) expect(sent, venue).toBeGreaterThan(1_000);
      expect(summary.orders.submitted).toBeGreaterThan(50);
    },
    5 * MINUTES,
  );

  it.runIf(RECORDED.every(hasSharedData))(
    'recorded days of Binance spot and USD-M at once',
    async () => {
      const summary = await trade(['--seconds', '40', '--replay', RECORDED.map(fileOf).join()]);
      expect(Object.keys(summary.frames).sort()).toEqual(['binance-spot', 'binance-usdm']);
      expect(summary.orders.submitted).toBeGreaterThan(5);
    },
    5 * MINUTES,
  );

  it.runIf(hasSharedData(OPTIONS))(
    'recorded Deribit options, which nobody trades: data alone, to its end',
    async () => {
      const summary = await trade(['--replay', fileOf(OPTIONS)]);
      expect(summary.frames.deribit?.sent).toBeGreaterThan(100);
      expect(summary.orders.submitted).toBe(0);
    },
    5 * MINUTES,
  );
});
