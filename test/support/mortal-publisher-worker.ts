/* The publishing thread, that dies of an uncaught error once: the first of a process, after 300 ms. */
import { workerData } from 'node:worker_threads';
import type { PublisherWorkerData } from '#aws/publisher/publisher-worker.ts';

const { connections } = workerData as PublisherWorkerData;
await import('#aws/publisher/publisher-worker.ts');
// A successor knows its connections from the start.
if (connections.length === 0)
  setTimeout(() => {
    throw new Error('scripted death');
  }, 300);
