import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT =
  process.env.MILLRACE_SETUP_ROOT ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** What the set-up and the runs keep between themselves; safe to delete when nothing runs. */
export const STATE = path.join(ROOT, '.millrace');
export const VENV = path.join(STATE, 'venv');
export const REQUIREMENTS = path.join(ROOT, 'local/python-requirements.txt');
export const LOCK_FILE = path.join(ROOT, 'package-lock.json');
