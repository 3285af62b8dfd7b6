import { Readable, Writable } from 'node:stream';
import { main } from '../../src/research/normalize.ts';

export interface NormalizeRun {
  readonly code: number;
  /** Lines of standard output. */
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}

/** Runs the command in this process, with `stdin` as its standard input. */
export async function runNormalize(argv: readonly string[], stdin: string | Buffer = ''): Promise<NormalizeRun> {
  const out = collector();
  const err = collector();
  const code = await main(argv, { stdin: Readable.from([Buffer.from(stdin)]), stdout: out.stream, stderr: err.stream });
  return { code, lines: out.lines(), errors: err.lines() };
}

function collector(): { readonly stream: Writable; readonly lines: () => string[] } {
  const pieces: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      pieces.push(String(chunk));
      done();
    },
  });
  return {
    stream,
    lines: () =>
      pieces
        .join('')
        .split('\n')
        .filter((line) => line !== ''),
  };
}
