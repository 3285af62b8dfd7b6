import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Whether any process of the group still runs. One that has ended and waits to be collected by its parent does not count: an orphan's
 * new parent may take its time.
 */
export function groupIsAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const states = statesOfGroup(leader);
  return states === null || states.some((state) => state !== 'Z' && state !== 'X');
}

/** The states of a group's processes as Linux tells them (proc(5): pid, name in brackets, state, parent, group); null elsewhere. */
function statesOfGroup(leader: number): readonly string[] | null {
  if (!existsSync('/proc/self/stat')) return null;
  const states: string[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const [state, , group] = statusFields(entry);
    if (state !== undefined && Number(group) === leader) states.push(state);
  }
  return states;
}

function statusFields(pid: string): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    // It has ended since the folder was listed.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return [];
    throw error;
  }
}

/** Sends a signal to every process of the group; one that is gone already is no fault. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return;
    throw error;
  }
}

/** Ends a process group: SIGTERM, then after `graceMs` SIGKILL, and waits until no process of it is left. */
export async function endGroup(leader: number, graceMs: number): Promise<void> {
  signalGroup(leader, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (groupIsAlive(leader)) {
    if (performance.now() > deadline) signalGroup(leader, 'SIGKILL');
    await sleep(POLL_MS);
  }
}
