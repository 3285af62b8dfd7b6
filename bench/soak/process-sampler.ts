import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** What this process and its main thread did since the look before; sizes in bytes, times in ms. */
export interface ProcessSample {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly gcCount: number;
  readonly gcMs: number;
  readonly gcLongestMs: number;
  readonly loopP50Ms: number;
  readonly loopP99Ms: number;
  readonly loopLongestMs: number;
}

/** The timer behind the histogram of delays; the histogram holds its interval too. */
const RESOLUTION_MS = 5;

/** RSS is the whole process, the publishing thread included; heap, collections and delays are those of the thread that asks. */
export function createProcessSampler(): { sample(): ProcessSample; stop(): void } {
  let pauses: number[] = [];
  const collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration);
  });
  collections.observe({ entryTypes: ['gc'] });
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const beyond = (nanos: number) => Math.max(0, (Number.isFinite(nanos) ? nanos : 0) / 1e6 - RESOLUTION_MS);

  return {
    sample() {
      const { rss, heapUsed, external } = process.memoryUsage();
      const sample = {
        rss,
        heapUsed,
        external,
        gcCount: pauses.length,
        gcMs: pauses.reduce((sum, each) => sum + each, 0),
        gcLongestMs: Math.max(0, ...pauses),
        loopP50Ms: beyond(delay.percentile(50)),
        loopP99Ms: beyond(delay.percentile(99)),
        loopLongestMs: beyond(delay.max),
      };
      pauses = [];
      delay.reset();
      return sample;
    },
    stop() {
      collections.disconnect();
      delay.disable();
    },
  };
}
