import path from 'node:path';

/** The project's folder. */
export const ROOT: string = path.resolve(import.meta.dirname, '..');
/** What the set-up and the runs keep between themselves; safe to delete when nothing runs. */
export const STATE: string = path.join(ROOT, '.millrace');
/** The logs of the emulator and of the tasks. */
export const LOGS: string = path.join(STATE, 'logs');
