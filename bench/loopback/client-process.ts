import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from './clients.ts';
import type { ClientMessage, ClientTask, FinishCommand } from './messages.ts';
import { Meter } from './meter.ts';

const POLL_MS = 5;
const LATE_MS = 20_000;

const task = JSON.parse(process.argv[2] ?? '') as ClientTask;
const tell = (message: ClientMessage) => process.send?.(message);
const meter = new Meter(task.load, task.warmUpSeconds);

process.on('disconnect', () => process.exit());
process.on('message', (command: FinishCommand) => void finish(command.count));
await openClient(task.client, task.url, meter);
tell({ kind: 'ready' });

/** Whatever is still in the kernel's memory is read first: every message that was sent is counted. */
async function finish(count: number): Promise<void> {
  const until = performance.now() + LATE_MS;
  while (meter.received < count && performance.now() < until) await sleep(POLL_MS);
  tell({ kind: 'result', ...meter.result() });
}
