import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VenueId } from '#core/market/instrument.ts';
import { bundleEngine } from '#engine/bundle.ts';
import { startCountingStream } from './counting-stream.ts';
import type { EngineMessage, EngineTask, Sample, SoakCommand, VenueMessage, VenueTask } from './messages.ts';
import type { SoakRun } from './verdict.ts';

export interface SoakOptions {
  readonly venues: readonly VenueId[];
  /** Market messages of all venues together. */
  readonly messagesPerSecond: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly seed: number;
  /** 0 but where the soak itself is tested. */
  readonly leakBytesPerSecond: number;
  /** Further options of the engine's Node, for a closer look: `--cpu-prof`, `--heapsnapshot-signal=SIGUSR2`, `--require FILE`. */
  readonly nodeOptions?: string;
  readonly onSample?: (sample: Sample) => void;
}

/** The engine is measured as the image runs it: bundled, without a compiler in its process. */
const ENGINE_ENTRY_POINTS = {
  'engine-process': 'bench/soak/engine-process.ts',
  'publisher-worker': 'src/aws/publisher/publisher-worker.ts',
};
/** As the image sets it (`containers/engine/Dockerfile`). */
export const ENGINE_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '2',
  NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=384',
};
const SAMPLE_MS = 1_000;
const OPEN_MS = 30_000;
const FINISH_MS = 60_000;
const CLOSE_MS = 5_000;

/**
 * Runs three processes: the venues, which send at the pace asked for; the engine with its publishing thread, which is watched; and this one, which is the streams.
 * Rejects if either of the others does not come up or ends before its time.
 */
export async function runSoak(options: SoakOptions): Promise<SoakRun> {
  const { venues, messagesPerSecond, seed } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-soak-'));
  const stream = await startCountingStream();
  const children: { close(): Promise<void> }[] = [];
  try {
    const venueTask: VenueTask = { venues, messagesPerSecond, seed };
    const bundling = bundleEngine(folder, ENGINE_ENTRY_POINTS);
    const venue = new Child<VenueMessage>(path.join(import.meta.dirname, 'venue-process.ts'), venueTask);
    children.push(venue);
    const [open] = await Promise.all([venue.next('open', OPEN_MS), bundling]);
    const sampleMs = Math.min(SAMPLE_MS, (options.seconds * 1_000) / 10);
    const engineTask: EngineTask = {
      venues: open.venues,
      streamUrl: stream.url,
      journalFolder: path.join(folder, 'journal'),
      leakBytesPerSecond: options.leakBytesPerSecond,
      sampleMs,
      warmUpMs: options.warmUpSeconds * 1_000,
    };
    const engine = new Child<EngineMessage>(path.join(folder, 'engine-process.mjs'), engineTask, {
      ...ENGINE_ENVIRONMENT,
      NODE_OPTIONS: `${ENGINE_ENVIRONMENT.NODE_OPTIONS} ${options.nodeOptions ?? ''}`,
    });
    children.push(engine);
    await engine.next('live', OPEN_MS);
    const samples: Sample[] = [];
    let flowing: number | null = null;
    engine.listen((message) => {
      if (message.kind !== 'sample') return;
      flowing ??= message.atMs;
      const { kind: _, ...looked } = message;
      const sample = { ...looked, atMs: message.atMs - flowing };
      samples.push(sample);
      options.onSample?.(sample);
    });
    venue.send({ kind: 'flow' });
    engine.send({ kind: 'flow' });
    await Promise.race([sleep(options.seconds * 1_000), venue.ended, engine.ended]);
    venue.send({ kind: 'stopFlow' });
    const stopped = await venue.next('sent', FINISH_MS);
    engine.send({ kind: 'finish', received: stopped.market + stopped.answers });
    const counts = await engine.next('ended', FINISH_MS);
    venue.send({ kind: 'finish', received: 0 });
    const sent = await venue.next('sent', FINISH_MS);
    const { seconds, warmUpSeconds } = options;
    return { messagesPerSecond, seconds, warmUpSeconds, samples, sent, engine: counts, stream: stream.counts() };
  } finally {
    await Promise.all(children.map((each) => each.close()));
    await stream.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** One process of the soak; what it says by kind. */
class Child<Message extends { readonly kind: string }> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #said: Message[] = [];
  readonly #listeners = new Set<(message: Message) => void>();
  /** Rejects when the process ends before `close`. */
  readonly ended: Promise<never>;
  #closing = false;

  constructor(script: string, task: VenueTask | EngineTask, environment: Readonly<Record<string, string>> = {}) {
    this.#name = path.basename(script);
    this.#process = fork(script, [JSON.stringify(task)], { execArgv: [], env: { ...process.env, ...environment } });
    this.#process.on('message', (message: Message) => {
      if (this.#listeners.size === 0) this.#said.push(message);
      for (const listener of this.#listeners) listener(message);
    });
    this.ended = new Promise((_, reject) => {
      this.#process.once('exit', (code, signal) => {
        if (!this.#closing) reject(new Error(`${this.#name} ended: ${signal ?? `code ${code}`}`));
      });
    });
    // Whoever waits hears of it; nobody may be waiting.
    this.ended.catch(() => undefined);
  }

  send(command: SoakCommand): void {
    if (this.#process.connected) this.#process.send(command);
  }

  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async next<Kind extends Message['kind']>(
    kind: Kind,
    withinMs: number,
  ): Promise<Extract<Message, { readonly kind: Kind }>> {
    const isWanted = (message: Message): message is Extract<Message, { readonly kind: Kind }> => message.kind === kind;
    const early = this.#said.splice(0).find(isWanted);
    if (early !== undefined) return early;
    let unlisten = () => undefined as unknown;
    const late = new AbortController();
    try {
      return await Promise.race([
        new Promise<Extract<Message, { readonly kind: Kind }>>((resolve) => {
          unlisten = this.listen((message) => {
            if (isWanted(message)) resolve(message);
          });
        }),
        this.ended,
        sleep(withinMs, undefined, { signal: late.signal }).then(() => {
          throw new Error(`${this.#name} did not say "${kind}" within ${withinMs} ms`);
        }),
      ]);
    } finally {
      unlisten();
      late.abort();
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    this.send({ kind: 'close' });
    const cut = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_MS);
    await exited;
    clearTimeout(cut);
  }
}
