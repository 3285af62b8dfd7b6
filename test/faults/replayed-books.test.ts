import { afterEach, describe, expect, it } from 'vitest';
import type { InputLine } from '#core/input-log/input-log.ts';
import type { TradeMessage } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { ScannedTrade } from '#core/market/scanned-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type LogEntry, parseLine } from '#research/replay/log-entries.ts';
import { Replay } from '#research/replay/replay.ts';
import { venues } from '#venues/venues.ts';
import { type FeedWorld, openFeedWorld } from '../support/feed-world.ts';

const VENUES = ['binance-usdm', 'bybit-linear', 'deribit'] as const;
const LIFE_MS = 8_000;

let world: FeedWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const shown = (symbol: string, book: OrderBook) =>
  `${symbol} ${book.sequence} ${JSON.stringify([book.levels('buy', 5), book.levels('sell', 5), book.depth('buy'), book.depth('sell')])}`;

const traded = ({ symbol, id, side, price, size }: TradeMessage | ScannedTrade) =>
  `${symbol} ${id} ${side} ${price} ${size}`;

/** What an archive would have of the feed. */
function* entriesOf({ publisher }: FeedWorld): Generator<LogEntry> {
  for (const { of, connection, bytes, receivedAt, inputNumber: n } of publisher.published) {
    if (of.venue === 'engine') yield { kind: 'line', n, line: parseLine(bytes.toString('utf8')) };
    else {
      const { mono, epoch } = of.anchor ?? { mono: receivedAt, epoch: 0 as EpochMs };
      const now = { mono: receivedAt, epoch: (epoch + (receivedAt - mono) / 1e6) as EpochMs };
      yield { kind: 'frame', n, connection, lease: of.epoch, now, bytes };
    }
  }
}

describe.each(VENUES)('books of %s that are made again from the log', (venue) => {
  it('M3, invariant 8: are, with the trades between them, what lanes were given, each at its place, over changes of socket, cuts and snapshots by REST', async () => {
    const given: string[] = [];
    world = await openFeedWorld({
      venue,
      limits: { connectionLifeMs: LIFE_MS },
      onBook: (symbol, book) => void given.push(shown(symbol, book)),
      onOther(message) {
        if (message.type === 'trade' || message.type === 'scannedTrade') given.push(traded(message));
      },
    });
    const here = world;
    const changed = () => here.feed.status().connections.reduce((sum, { overlap }) => sum + overlap.changesDone, 0);
    await here.until('the sockets are changed', () => changed() >= 1);
    here.server.closeAll();
    await here.until('every book was lost and is whole again', () =>
      here.feed.status().books.every(({ valid, gaps }) => valid && gaps > 0),
    );
    await here.pass(1_000);

    const again: string[] = [];
    new Replay(entriesOf(here), {
      venues,
      onBook: (symbol, book) => void again.push(shown(symbol, book)),
      onTrade: (message) => void again.push(traded(message)),
    }).run();

    expect(again.length).toBe(given.length);
    expect(again).toEqual(given);
    const lines = [...entriesOf(here)].flatMap((entry): InputLine[] => (entry.kind === 'line' ? [entry.line] : []));
    const kinds = new Set(
      lines.map(({ kind, body }) => `${kind} ${(body as { change?: string } | null)?.change ?? ''}`),
    );
    expect([...kinds]).toEqual(
      expect.arrayContaining(['drop ', 'book lost', ...(venue === 'binance-usdm' ? ['book snapshot'] : [])]),
    );
  });
});
