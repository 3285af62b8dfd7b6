import { Worker } from 'node:worker_threads';
import type { ConnectionOrigin } from './frame-batcher.ts';
import type { MessageFromWorker, MessageToWorker, PublisherWorkerData } from './publisher-worker.ts';

export interface PublisherThreadOptions {
  readonly workerUrl?: URL;
  readonly data: Omit<PublisherWorkerData, 'connections'>;
  /** A number that moves while the thread works. */
  readonly beat: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', text: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** The thread died; called before its successor starts. */
  readonly onLost: () => void;
}

const RESTART_FIRST_MS = 100;
const RESTART_CAP_MS = 5_000;
/** Checks of the beat, a second apart, after which a thread that does not move is ended and replaced. */
const CHECKS_TO_STUCK = 15;
const CLOSE_MS = 5_000;

/** Keeps one publishing thread alive: one that dies or hangs is replaced, and its successor takes up what the shared memory holds. */
export class PublisherThread {
  readonly #options: PublisherThreadOptions;
  readonly #connections: [number, ConnectionOrigin][] = [];
  #worker: Worker;
  #exited: Promise<void> = Promise.resolve();
  #closing = false;
  #failures = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  readonly #watch: NodeJS.Timeout;
  #lastBeat = 0;
  #sameBeat = 0;
  restarts = 0;

  constructor(options: PublisherThreadOptions) {
    this.#options = options;
    this.#worker = this.#start();
    this.#watch = setInterval(() => this.#check(), 1_000);
    this.#watch.unref();
  }

  addConnection(slot: number, origin: ConnectionOrigin): void {
    this.#connections.push([slot, origin]);
    this.#send({ kind: 'connection', slot, origin });
  }

  /** Lets the thread write what is left to disk, and ends it. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#watch);
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#send({ kind: 'close' });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), CLOSE_MS);
    });
    if ((await Promise.race([this.#exited, late])) === 'late') {
      this.#options.log('error', 'publishing thread did not end by itself', {});
      await this.#worker.terminate();
    }
    clearTimeout(timer);
  }

  #start(): Worker {
    const workerData: PublisherWorkerData = { ...this.#options.data, connections: [...this.#connections] };
    const worker = new Worker(this.#options.workerUrl ?? siblingUrl(), { workerData, name: 'publisher' });
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.unref();
    worker.on('message', ({ level, text, fields }: MessageFromWorker) => this.#options.log(level, text, fields));
    worker.on('error', (error) => this.#options.log('error', 'publishing thread failed', { reason: String(error) }));
    worker.once('exit', (code) => this.#onExit(code));
    return worker;
  }

  #onExit(code: number): void {
    if (this.#closing) return;
    this.#options.onLost();
    this.restarts += 1;
    const delayMs = Math.random() * Math.min(RESTART_CAP_MS, RESTART_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#options.log('error', 'publishing thread is replaced', { code, restarts: this.restarts });
    this.#restartTimer = setTimeout(() => {
      this.#worker = this.#start();
    }, delayMs);
    this.#restartTimer.unref();
  }

  #check(): void {
    const beat = this.#options.beat();
    if (beat !== this.#lastBeat) {
      this.#lastBeat = beat;
      this.#sameBeat = 0;
      this.#failures = 0;
      return;
    }
    this.#sameBeat += 1;
    if (this.#sameBeat < CHECKS_TO_STUCK) return;
    this.#sameBeat = 0;
    this.#options.log('error', 'publishing thread is stuck', { seconds: CHECKS_TO_STUCK });
    void this.#worker.terminate();
  }

  #send(message: MessageToWorker): void {
    this.#worker.postMessage(message);
  }
}

/** Beside this file: `publisher-worker.ts` where it runs as it is, `publisher-worker.mjs` where it is bundled. */
function siblingUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './publisher-worker.ts' : './publisher-worker.mjs', import.meta.url);
}
