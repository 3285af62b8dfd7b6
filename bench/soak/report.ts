import { cpus } from 'node:os';
import { drawChart, type Panel } from './chart.ts';
import type { Sample } from './messages.ts';
import {
  afterWarmUp,
  keyLoads,
  percentOf,
  quantileOf,
  retainedSlope,
  SOAK_BARS,
  type SoakRun,
  slopePerMinute,
} from './verdict.ts';

const MB = 1e6;
const HOTTEST = 3;
const COLOURS = ['#1f5fa8', '#c9711a', '#3a8a4a'] as const;

/** The figures of a soak, a line each: what, and how much. After the warm-up, where nothing else is said. */
export function tableOf(run: SoakRun): readonly (readonly [what: string, figures: string])[] {
  const steady = afterWarmUp(run);
  const of = (pick: (sample: Sample) => number) => steady.map(pick);
  const slope = (pick: (sample: Sample) => number) => {
    const value = slopePerMinute(steady, (each) => pick(each) / MB);
    return value === null ? 'not known' : `${value.toFixed(2)} MB/min`;
  };
  const most = (values: readonly number[]) => Math.max(0, ...values);
  const memory = (pick: (sample: Sample) => number) =>
    `${mb(quantileOf(of(pick), 0.5))} median, ${mb(most(run.samples.map(pick)))} most of the whole run, slope ${slope(pick)}`;
  const pauses = of((each) => each.gcMs).reduce((sum, each) => sum + each, 0);
  const steadyMs = Math.max(1, (steady.at(-1)?.atMs ?? 0) - (steady[0]?.atMs ?? 0));
  const { connections, orders, bookMessages, bookGaps, badFrames } = run.engine;
  const sum = (of: (each: (typeof connections)[number]) => number, side: 'venues' | 'all') =>
    connections.reduce((all, each) => (side === 'venues' && each.venue === 'engine' ? all : all + of(each)), 0);
  return [
    ['processor', `${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}, Node ${process.version}`],
    ['asked', `${number(run.messagesPerSecond)} messages/s for ${run.seconds} s, warm-up ${run.warmUpSeconds} s`],
    [
      'messages/s received',
      `${number(quantileOf(ratesOf(steady), 0.5))} median, ${number(most(ratesOf(steady)))} most`,
    ],
    ['RSS (engine, both threads)', memory((each) => each.rss)],
    ['heap used', memory((each) => each.heapUsed)],
    ['external', memory((each) => each.external)],
    [
      'held after a full collection',
      `${run.engine.retained.map(({ bytes }) => mb(bytes)).join(' → ')}, slope ${(retainedSlope(run) ?? 0).toFixed(2)} MB/min`,
    ],
    [
      'collections',
      `${number(of((each) => each.gcCount).reduce((all, each) => all + each, 0))}, ${((100 * pauses) / steadyMs).toFixed(2)} % of the time, longest ${ms(most(of((each) => each.gcLongestMs)))}`,
    ],
    [
      'event loop delay',
      `median of seconds: p50 ${ms(
        quantileOf(
          of((each) => each.loopP50Ms),
          0.5,
        ),
      )}, p99 ${ms(
        quantileOf(
          of((each) => each.loopP99Ms),
          0.5,
        ),
      )}; longest ${ms(most(of((each) => each.loopLongestMs)))}`,
    ],
    [
      'publish lag',
      `p50 ${ms(
        quantileOf(
          of((each) => each.publishLagMs),
          0.5,
        ),
      )}, p99 ${ms(
        quantileOf(
          of((each) => each.publishLagMs),
          0.99,
        ),
      )}, longest ${ms(most(of((each) => each.publishLagMs)))}`,
    ],
    [
      'sent = received',
      `${number(run.sent.market)} market frames and ${run.sent.answers} answers sent, ${number(sum((each) => each.received, 'venues'))} received`,
    ],
    [
      'received = published + shed',
      `${number(sum((each) => each.received, 'all'))} = ${number(sum((each) => each.published, 'all'))} + ${number(sum((each) => each.shed, 'all'))}, the engine's own inputs included`,
    ],
    [
      'at the streams',
      `${number(run.stream.frames)} frames in ${number(run.stream.marketRecords)} records, ${run.stream.repeated} again, ${number(run.stream.bytes)} bytes; ${number(run.stream.tradingRecords)} trading records`,
    ],
    [
      'hottest partition keys',
      keyLoads(run)
        .slice(0, HOTTEST)
        .map((load) => `${load.key} ${percentOf(load)} % of a shard`)
        .join(', '),
    ],
    [
      'engine',
      `${number(bookMessages)} book messages, ${bookGaps} gaps, ${badFrames} bad frames, ${run.sent.connections} connections`,
    ],
    [
      'orders',
      Object.entries(orders)
        .map(([what, count]) => `${what} ${number(count)}`)
        .join(', '),
    ],
  ];
}

/** The whole run over time. */
export function pictureOf(run: SoakRun): string {
  const line = (name: string, colour: number, pick: (sample: Sample) => number) => ({
    name,
    colour: COLOURS[colour] ?? COLOURS[0],
    points: run.samples.map((each) => [each.atMs / 1_000, pick(each)] as const),
  });
  const rates = ratesOf(run.samples);
  const panels: Panel[] = [
    {
      title: 'memory, MB',
      bar: SOAK_BARS.maxRssMb,
      series: [
        line('RSS', 0, (each) => each.rss / MB),
        line('heap used', 1, (each) => each.heapUsed / MB),
        line('external', 2, (each) => each.external / MB),
      ],
    },
    {
      title: 'messages/s',
      series: [
        {
          name: 'received',
          colour: COLOURS[0],
          points: rates.map((rate, index) => [(run.samples[index + 1]?.atMs ?? 0) / 1_000, rate] as const),
        },
      ],
    },
    {
      title: 'collections, ms',
      series: [line('all of a second', 0, (each) => each.gcMs), line('longest', 1, (each) => each.gcLongestMs)],
    },
    {
      title: 'event loop delay, ms',
      series: [line('longest', 1, (each) => each.loopLongestMs), line('p99', 0, (each) => each.loopP99Ms)],
    },
    { title: 'publish lag, ms', series: [line('lag', 0, (each) => each.publishLagMs)] },
  ];
  const title = `Soak: ${number(run.messagesPerSecond)} messages/s for ${run.seconds} s (grey: warm-up; dashed: bar)`;
  return drawChart(title, panels, run.warmUpSeconds);
}

/** Messages a second between one sample and the next. */
function ratesOf(samples: readonly Sample[]): readonly number[] {
  return samples.slice(1).map((each, index) => {
    const before = samples[index];
    return before === undefined ? 0 : ((each.received - before.received) * 1_000) / (each.atMs - before.atMs);
  });
}

function mb(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}
