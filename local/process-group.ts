import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Whether any process of the group is left (zombies that wait for their parent count as left). */
export function groupIsAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') return true;
    return false;
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
