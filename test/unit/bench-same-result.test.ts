import { expect, test } from 'vitest';
import { ourReader, type Reader, type ReaderKind, startOf } from '../../bench/comparison/reader.ts';
import { firstDifference } from '../../bench/comparison/same-result.ts';
import { corpora } from '../../bench/corpus.ts';

const starts = corpora().map((corpus) => startOf({ ...corpus, frames: corpus.frames.slice(0, 1_200) }));

/** The parser's reader with one thing wrong. */
function wrong(change: (reader: Reader) => Partial<Reader>): ReaderKind {
  return {
    label: 'wrong',
    create(start) {
      const reader = ourReader(false).create(start);
      return { ...reader, ...change(reader) };
    },
  };
}

for (const start of starts) {
  const { venue } = start.corpus;

  test(`${venue}: scanner and parser read the same`, () => {
    expect(firstDifference(ourReader(false), ourReader(true), start)).toBeNull();
  });

  test(`${venue}: a client that reads one thing otherwise is not compared`, () => {
    const kinds = [
      wrong(({ said }) => ({ said: { trades: said.trades + 1, quotes: 0 } })),
      wrong((reader) => ({ top: () => reader.top() + 1 })),
      wrong((reader) => ({ levels: (side) => reader.levels(side).slice(1) })),
      wrong((reader) => ({ levels: (side) => reader.levels(side).map(([price, size]) => [price, size + 0.001]) })),
      wrong((reader) => ({
        lastTrade() {
          const trade = reader.lastTrade();
          return trade === null ? null : { ...trade, side: trade.side === 'buy' ? 'sell' : 'buy' };
        },
      })),
    ];
    for (const kind of kinds) expect(firstDifference(ourReader(false), kind, start)).toMatch(/^frame \d+: /);
  });
}
