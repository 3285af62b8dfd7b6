import { Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ENTRY_FEATURES } from '#core/strategies/entry-features.ts';
import { ENTRY_FILTER_MODEL } from '#core/strategies/entry-filter-model.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { type TrainingSample, trainFilter } from '#research/filter-training.ts';
import { main } from '#research/train-filter.ts';

const SETTINGS = { ridge: 1, keep: 0.5, held: 0.3 };
const place = ENTRY_FEATURES.indexOf('sideImbalance');

/** Signals whose outcome leans on one feature, by `pull`; 0: on nothing. */
function samples(count: number, pull: number, seed = 7): TrainingSample[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const features = ENTRY_FEATURES.map(() => random.next() * 2 - 1);
    const chance = 1 / (1 + Math.exp(-pull * (features[place] ?? 0) + 0.4));
    return { features, good: random.next() < chance };
  });
}

describe('training an entry filter', () => {
  it('H16: what it learns beats chance on signals that it has not seen, where there is something to learn', () => {
    const { model, report } = trainFilter(samples(3_000, 3), SETTINGS, seededRandom(1), 'planted');
    expect(report.auc).toBeGreaterThan(0.75);
    expect(report.goodOfPassed).toBeGreaterThan(report.goodOfAll + 0.15);
    const weights = model.features.map((name, index) => [name, model.coefficients[index] ?? 0] as const);
    const [strongest] = weights.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
    expect(strongest?.[0]).toBe('sideImbalance');
    expect(strongest?.[1]).toBeGreaterThan(1);
    expect(ENTRY_FILTER_MODEL.safeParse(model).success).toBe(true);
  });

  it('H16: and does not where there is nothing', () => {
    const { report } = trainFilter(samples(3_000, 0), SETTINGS, seededRandom(1), 'noise');
    expect(Math.abs(report.auc - 0.5)).toBeLessThan(0.06);
  });

  it('H16: the same signals and seed give the same file, another seed another one', () => {
    const file = (seed: number) =>
      JSON.stringify(trainFilter(samples(1_000, 2), SETTINGS, seededRandom(seed), 'again').model);
    expect(file(3)).toBe(file(3));
    expect(file(4)).not.toBe(file(3));
  });

  it('G16: a feature that never changes is left out, and too little or one-sided data is refused', () => {
    const flat = samples(600, 2).map((each) => ({
      ...each,
      features: each.features.map((value, at) => (at === 0 ? 4 : value)),
    }));
    expect(trainFilter(flat, SETTINGS, seededRandom(1), '').model.features).not.toContain(ENTRY_FEATURES[0]);
    expect(() => trainFilter(samples(60, 2), SETTINGS, seededRandom(1), '')).toThrow('too little to learn from');
    const good = samples(600, 2).map((each) => ({ ...each, good: true }));
    expect(() => trainFilter(good, SETTINGS, seededRandom(1), '')).toThrow('too little to learn from');
  });
});

/** A market whose mid goes, more often than not, where the larger size stands: what normalized data of it looks like. */
function market(steps: number): string[] {
  const random = seededRandom(11);
  const lines: string[] = [];
  let ticks = 600_000;
  let lean = 0;
  for (let step = 0; step < steps; step += 1) {
    if (step % 40 === 0) lean = random.next() < 0.5 ? -1 : 1;
    const moves = random.next() < 0.5 + lean * 0.15 ? 1 : -1;
    ticks += moves;
    const size = (side: number) => (side === lean ? 4 + random.next() * 3 : 1 + random.next() * 3).toFixed(3);
    const exchangeTime = new Date(1.7e12 + step * 100).toISOString();
    lines.push(
      JSON.stringify({
        type: 'book',
        symbol: 'BTCUSDT',
        isSnapshot: true,
        bids: [[(ticks / 10).toFixed(1), size(1)]],
        asks: [[((ticks + 1) / 10).toFixed(1), size(-1)]],
        exchangeTime,
      }),
      JSON.stringify({
        type: 'trade',
        symbol: 'BTCUSDT',
        id: `${step}`,
        price: (ticks / 10).toFixed(1),
        size: '0.1',
        side: random.next() < 0.5 + lean * 0.1 ? 'buy' : 'sell',
        exchangeTime,
      }),
      JSON.stringify({ type: 'ticker', symbol: 'BTCUSDT', lastPrice: '1', exchangeTime }),
    );
  }
  return lines;
}

async function run(argv: readonly string[], stdin: readonly string[]) {
  const texts = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += String(chunk);
        done();
      },
    });
  const streams = { stdin: Readable.from([stdin.join('\n')]), stdout: into('out'), stderr: into('err') };
  return { code: await main(argv, streams), ...texts };
}

describe('npm run train-filter', () => {
  const LEARN = [
    '--tick',
    '0.1',
    '--window',
    '8',
    '--entry-ticks',
    '1',
    '--horizon-ms',
    '1500',
    '--gain-bps',
    '0',
    '-',
  ];

  it('H16: learns a model from normalized data that beats chance, and writes a file that a lane takes', async () => {
    const { code, out, err } = await run(LEARN, market(6_000));
    expect(err).toMatch(/^model [0-9a-f]{16}: learned from/);
    expect(code).toBe(0);
    const model = ENTRY_FILTER_MODEL.parse(JSON.parse(out));
    expect(model.features).toContain('sideImbalance');
    const [, auc] = /AUC ([0-9.]+)/.exec(err) ?? [];
    expect(Number(auc)).toBeGreaterThan(0.6);
  });

  it('says what it cannot use: arguments, lines, data of two symbols, or too little of it', async () => {
    expect(await run(['-'], [])).toMatchObject({ code: 2, err: expect.stringContaining('tick=undefined') });
    expect(await run(['--tick', '0.1'], [])).toMatchObject({ code: 2, err: expect.stringContaining('no LOG') });
    const broken = await run(LEARN, [...market(2), '{"type":"book","symbol":"BTCUSDT"}']);
    expect(broken).toMatchObject({ code: 1, err: expect.stringContaining('LINE_INVALID: -:7') });
    const two = [...market(2), ...market(1).map((line) => line.replace('BTCUSDT', 'ETHUSDT'))];
    expect(await run(LEARN, two)).toMatchObject({ code: 1, err: expect.stringContaining('SYMBOL_NEEDED') });
    expect(await run(LEARN, market(60))).toMatchObject({ code: 1, err: expect.stringContaining('too little') });
  });
});
