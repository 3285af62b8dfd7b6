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
