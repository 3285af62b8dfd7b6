import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { HeartbeatBoard } from '#core/control/heartbeats.ts';
import { systemClock } from '#core/time/system-clock.ts';
import type { LoopWatchdogData } from './loop-watchdog.ts';

const LOOK_MS = 250;
const { beat, limitMs, fields }: LoopWatchdogData = workerData;
const count = new Int32Array(beat);
const board = new HeartbeatBoard(LOOK_MS);

setInterval(() => {
  const reading = { name: 'the event loop', beats: Atomics.load(count, 0), periodMs: LOOK_MS, silentMs: limitMs };
  const [finding] = board.look([reading], systemClock.monoNanos());
  if (finding?.verdict !== 'silent') return;
  // The logger is of the thread that hangs; this line is written whatever becomes of it.
  const line = {
    level: 'CRITICAL',
    message: 'the event loop hangs, the process ends',
    reason: finding.reason,
    ...fields,
  };
  writeSync(2, `${JSON.stringify(line)}\n`);
  process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
