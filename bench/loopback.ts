import { type Bar, type Benchmark, type BenchmarkRow, quantile } from './benchmark.ts';
import { installPeers, pinnedPeers } from './comparison/install.ts';
import { CLIENTS, type ClientName, type Load } from './loopback/messages.ts';
import { drawPercentiles } from './loopback/percentile-chart.ts';
import { type ClientRun, runClient } from './loopback/run-client.ts';

const ROUNDS = 3;
const FLOOD: Load = { mode: 'flood', seconds: 3, messagesPerSecond: 0 };
const PACED: Load = { mode: 'paced', seconds: 4, messagesPerSecond: 10_000 };
const COUNT: ClientName = 'count, ws';
const CCXT: ClientName = 'ccxt pro';
const COLOURS: Readonly<Record<ClientName, string>> = {
  'count, ws': '#999999',
  'count, frame reader': '#c4c4c4',
  'Millrace, ws': '#2a7ab0',
  'Millrace, frame reader': '#0b3c5d',
  'ccxt pro': '#bb3333',
  'bybit-api': '#c98a1b',
  'tardis-dev': '#4f8f3a',
};

type Runs = Readonly<Record<ClientName, readonly ClientRun[]>>;

let paced: Runs | null = null;

/** From a server in a process of its own, over a socket, to a decision: ours and others. Every message that is sent must be counted. */
export const loopbackBenchmark: Benchmark = {
  name: 'loopback',
  what: 'loopback websocket → book → decision, one book of 50 levels: as fast as each client reads (flood), and at 10,000 messages/s, one write each (paced)',
  async run() {
    installPeers();
    const floods = await runAll(FLOOD);
    paced = await runAll(PACED);
    return [
      ...CLIENTS.map((name) => floodRow(name, floods)),
      ...CLIENTS.map((name) => pacedRow(name, paced ?? floods)),
    ];
  },
  bars(rows) {
    const of = (label: string, figure: string): number =>
      rows.find((row) => row.label === label)?.figures?.[figure] ?? Number.NaN;
    const flood = (client: ClientName, bars: readonly [number, number, number]): Bar[] => [
      { what: `flood, ${client}, × ccxt pro`, measured: of(`flood: ${label(client)}`, '× ccxt pro'), least: bars[0] },
      { what: `flood, ${client}, × bybit-api`, measured: of(`flood: ${label(client)}`, '× bybit-api'), least: bars[1] },
      {
        what: `flood, ${client}, × counting by ws`,
        measured: of(`flood: ${label(client)}`, '× count, ws'),
        least: bars[2],
      },
    ];
    const pace = (client: ClientName): Bar[] => [
      {
        what: `paced, ${client}, p50 above counting, µs`,
        measured: of(`paced: ${label(client)}`, 'p50 above counting, µs'),
        most: 10,
      },
      {
        what: `paced, ${client}, p99 beside ccxt pro's`,
        measured: of(`paced: ${label(client)}`, 'p99 ÷ ccxt pro'),
        most: 0.5,
      },
      {
        what: `paced, ${client}, CPU beside ccxt pro's`,
        measured: of(`paced: ${label(client)}`, 'CPU ÷ ccxt pro'),
        most: 0.6,
      },
    ];
    return [
      ...flood('Millrace, ws', [6, 4, 0.4]),
      ...flood('Millrace, frame reader', [10, 7, 0.7]),
      ...pace('Millrace, ws'),
      ...pace('Millrace, frame reader'),
    ];
  },
};

/** Latency by percentile of the paced runs, all rounds together; null if there were none. */
export function latencyPicture(): string | null {
  const runs = paced;
  if (runs === null) return null;
  return drawPercentiles(
    'From the write to the decision, 10,000 messages a second over loopback, each message counted',
    CLIENTS.map((name) => ({
      name: label(name),
      colour: COLOURS[name],
      sortedUs: Float64Array.from(runs[name].flatMap(({ latenciesUs }) => [...latenciesUs])).sort(),
    })),
  );
}

/** Clients take turns within each round. */
async function runAll(load: Load): Promise<Runs> {
  const runs = Object.fromEntries(CLIENTS.map((name): [ClientName, ClientRun[]] => [name, []])) as Record<
    ClientName,
    ClientRun[]
  >;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of CLIENTS) runs[name].push(await runClient(name, load));
  }
  if (load.mode === 'paced') requireSameDecisions(runs);
  return runs;
}

/** Who keeps a book and had the same messages must have decided the same. */
function requireSameDecisions(runs: Runs): void {
  const [first, ...others] = CLIENTS.filter((name) => name !== 'bybit-api' && !name.startsWith('count'));
  if (first === undefined) return;
  const expected = runs[first][0]?.decisions ?? 0;
  for (const name of [first, ...others]) {
    for (const { decisions } of runs[name]) {
      if (decisions !== expected || decisions === 0) {
        throw new Error(`${name} decided ${decisions} times, ${first} ${expected}`);
      }
    }
  }
}

function floodRow(name: ClientName, runs: Runs): BenchmarkRow {
  const rate = median(runs, name, (run) => run.messagesPerSecond);
  return {
    label: `flood: ${label(name)}`,
    meanNs: 1e9 / rate,
    figures: {
      'messages/s': rate,
      'CPU ms / 1,000': median(runs, name, (run) => run.cpuMsPerThousand),
      '× ccxt pro': beside(runs, name, CCXT, (run) => run.messagesPerSecond),
      '× bybit-api': beside(runs, name, 'bybit-api', (run) => run.messagesPerSecond),
      '× count, ws': beside(runs, name, COUNT, (run) => run.messagesPerSecond),
    },
    ...noteOf(name, runs),
  };
}

function pacedRow(name: ClientName, runs: Runs): BenchmarkRow {
  const at = (share: number) => (run: ClientRun) => sortedQuantile(run.latenciesUs, share);
  // The same transport with nothing behind it; the peers have ws.
  const counting: ClientName = name.endsWith('frame reader') ? 'count, frame reader' : COUNT;
  return {
    label: `paced: ${label(name)}`,
    meanNs: Number.NaN,
    p50Ns: median(runs, name, at(0.5)) * 1_000,
    p99Ns: median(runs, name, at(0.99)) * 1_000,
    figures: {
      'p99.9, µs': median(runs, name, at(0.999)),
      'p50 above counting, µs': medianOf(
        runs[name].map((run, round) => at(0.5)(run) - at(0.5)(runs[counting][round] ?? run)),
      ),
      'p99 ÷ ccxt pro': beside(runs, name, CCXT, at(0.99)),
      'CPU ms / 1,000': median(runs, name, (run) => run.cpuMsPerThousand),
      'CPU ÷ ccxt pro': beside(runs, name, CCXT, (run) => run.cpuMsPerThousand),
    },
    ...noteOf(name, runs),
  };
}

function noteOf(name: ClientName, runs: Runs): { readonly note?: string } {
  if (name.startsWith('count')) return { note: 'counts only' };
  if (name === 'bybit-api') return { note: 'emits only, no book' };
  const percent = median(runs, name, (run) => run.callbacksPercent);
  return percent > 99.9
    ? {}
    : { note: `its user is called for ${percent.toFixed(1)} % of the messages; all are timed` };
}

function label(name: ClientName): string {
  const version = pinnedPeers()[name === CCXT ? 'ccxt' : name];
  return version === undefined ? name : `${name} ${version}`;
}

function median(runs: Runs, name: ClientName, of: (run: ClientRun) => number): number {
  return medianOf(runs[name].map(of));
}

/** The median of the ratios within one round. */
function beside(runs: Runs, name: ClientName, other: ClientName, of: (run: ClientRun) => number): number {
  return medianOf(runs[name].map((run, round) => of(run) / of(runs[other][round] ?? run)));
}

function medianOf(values: readonly number[]): number {
  return quantile(Float64Array.from(values), 0.5);
}

function sortedQuantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
