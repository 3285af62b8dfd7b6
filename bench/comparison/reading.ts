import { type BenchmarkRow, type Candidate, compareWithFirst } from '../benchmark.ts';
import { type Corpus, meanBytes } from '../corpus.ts';
import { ccxtReader } from './ccxt-reader.ts';
import { emittingCandidate } from './emitting-clients.ts';
import { type BookStart, ourReader, type ReaderKind, startOf } from './reader.ts';
import { firstDifference } from './same-result.ts';
import { tardisReader } from './tardis-reader.ts';

/** Column of how many times as long as our scanner a client takes. */
export const TIMES = '× our scanner';

/** One frame from its bytes to the book, the events and the best prices, by each client that builds the same as ours. */
export async function compareReading(corpus: Corpus): Promise<readonly BenchmarkRow[]> {
  const start = startOf(corpus);
  const [scanner, parser] = [ourReader(true), ourReader(false)];
  const others = [await ccxtReader(corpus.venue), tardisReader(corpus.venue)].filter((each) => each !== null);
  const same: ReaderKind[] = [scanner, parser];
  const left: BenchmarkRow[] = [];
  const difference = firstDifference(parser, scanner, start);
  if (difference !== null) throw new Error(`${corpus.venue}: scanner and parser differ at ${difference}`);
  for (const other of others) {
    const found = firstDifference(parser, other, start);
    if (found === null) same.push(other);
    else left.push({ label: label(corpus, other.label), meanNs: Number.NaN, note: `not compared: at ${found}` });
  }
  const emitting = emittingCandidate(corpus);
  const rows = compareWithFirst([
    ...same.map((kind) => candidateOf(kind, start)),
    parseOnly(corpus),
    ...(emitting === null ? [] : [emitting]),
  ]);
  const note = `the same books, trades and quotes; ${corpus.origin}, ${meanBytes(corpus)} bytes a frame`;
  const shown = rows.map(({ row, ratio }, index): BenchmarkRow => {
    const said = row.note ?? (index >= 2 && index < same.length ? note : undefined);
    return {
      ...row,
      label: label(corpus, row.label),
      figures: { [TIMES]: ratio },
      ...(said === undefined ? {} : { note: said }),
    };
  });
  return [...shown, ...left];
}

function label({ venue }: Corpus, name: string): string {
  return `${venue}: ${name}`;
}

function candidateOf(kind: ReaderKind, start: BookStart): Candidate {
  const { frames } = start.corpus;
  return {
    label: kind.label,
    pass() {
      const reader = kind.create(start);
      let tops = 0;
      for (const frame of frames) {
        reader.read(frame);
        tops += reader.top();
      }
      return { operations: tops > 0 ? frames.length : 0 };
    },
  };
}

function parseOnly({ frames }: Corpus): Candidate {
  return {
    label: 'JSON.parse alone',
    note: 'no book: the floor of any reader that uses it',
    pass() {
      let parsed: unknown = null;
      for (const frame of frames) parsed = JSON.parse(frame.toString());
      return { operations: parsed === null ? 0 : frames.length };
    },
  };
}
