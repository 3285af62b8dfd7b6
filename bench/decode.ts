import type { MarketMessage } from '#core/market/market-message.ts';
import { venues } from '#venues/venues.ts';
import { type Benchmark, type BenchmarkRow, type Candidate, compare } from './benchmark.ts';
import { instrumentOf } from './book.ts';
import { corpora, meanBytes } from './corpus.ts';

/** Bytes of a frame → messages, against what any reader of JSON must pay. */
export const decodeBenchmark: Benchmark = {
  name: 'decode',
  what: 'one frame: bytes → checked messages, by the parser and by the scanner',
  run() {
    return corpora().flatMap((corpus): readonly BenchmarkRow[] => {
      const { venue, frames } = corpus;
      const operations = frames.length;
      const note = `${corpus.origin}, ${meanBytes(corpus)} bytes a frame`;
      const candidates: Candidate[] = [
        {
          label: `${venue}: toString`,
          pass() {
            let characters = 0;
            for (const frame of frames) characters += frame.toString().length;
            return { operations: characters > 0 ? operations : 0 };
          },
        },
        {
          label: `${venue}: JSON.parse`,
          pass() {
            let parsed: unknown = null;
            for (const frame of frames) parsed = JSON.parse(frame.toString());
            return { operations: parsed === null ? 0 : operations };
          },
        },
        {
          label: `${venue}: parse and check`,
          note,
          pass() {
            const decode = venues[venue].marketData.createDecoder();
            let said = 0;
            const emit = (_message: MarketMessage): void => {
              said += 1;
            };
            for (const frame of frames) decode(frame, emit);
            return { operations: said > 0 ? operations : 0 };
          },
        },
        {
          label: `${venue}: scan`,
          note: 'numbers at the scales of the instrument',
          pass() {
            let said = 0;
            const emit = (): void => {
              said += 1;
            };
            const instruments = new Map([[corpus.symbol, instrumentOf(corpus)]]);
            const decode = venues[venue].marketData.createDecoder({ instruments, emit });
            const onParsed = (): void => {
              throw new Error('a frame of the corpus was not scanned');
            };
            for (const frame of frames) decode(frame, onParsed);
            return { operations: said > 0 ? operations : 0 };
          },
        },
      ];
      return compare(candidates);
    });
  },
};
