import { startLoopWatchdog } from '#engine/loop-watchdog.ts';

/*
 * A process whose event loop beats, and hangs once it is told to: `node hanging-loop.ts <limit in ms>`. `hang` on its standard input makes it hang.
 */
const watchdog = startLoopWatchdog({ engine: 'engine-test' }, Number(process.argv[2]));
setInterval(() => watchdog.beat(), 50);
process.stdin.on('data', (text) => {
  if (!String(text).includes('hang')) return;
  for (;;) Math.hypot(1, 1);
});
process.stdout.write('ready\n');
