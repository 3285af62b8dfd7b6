/** What the set-up says goes to standard error, so that a command's standard output stays its result alone. @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A fault of the set-up that people can act on: one line `CODE: key=value …` that says what to do. */
export class SetupError extends Error {
  /**
   * @param {string} code
   * @param {string} detail
   * @param {number} exitCode
   */
  constructor(code, detail, exitCode = 1) {
    super(`${code}: ${detail}`);
    this.name = 'SetupError';
    this.code = code;
    this.exitCode = exitCode;
  }
}

const DISK_CODES = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EEXIST', 'ENOTDIR', 'EISDIR'];

/** What a fault of the disk means for people; null: it is none. @param {unknown} thrown @returns {SetupError | null} */
export function diskFault(thrown) {
  if (!(thrown instanceof Error) || !('path' in thrown) || !DISK_CODES.includes(thrown.code)) return null;
  return new SetupError(
    'DISK_NOT_WRITABLE',
    `file=${thrown.path} reason=${thrown.code} in ${thrown.syscall}. The checkout must be on a disk that can be written (rights, space, no file in the place of a folder); then run again.`,
  );
}
