/* A process of its own: fills old space, lets go of every second object, and says how many bytes its pages hold beyond the rest. `small`: with the engine's settings. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { keepHeapSmall } from '#engine/small-heap.ts';

const OBJECTS = 400_000;
const COLLECTIONS = 4;

if (process.argv[2] === 'small') keepHeapSmall();
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let kept: readonly unknown[] = Array.from({ length: OBJECTS }, (_, index) => ({ index, pair: [index, index] }));
collect();
kept = kept.filter((_, index) => index % 2 === 0);
for (let times = 0; times < COLLECTIONS; times += 1) collect();
const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
if (old === undefined) throw new Error('no old space');
console.log(
  JSON.stringify({
    kept: kept.length,
    used: old.space_used_size,
    holes: old.physical_space_size - old.space_used_size,
  }),
);
