import { afterEach, describe, expect, it } from 'vitest';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { ONE_SHOT_FAULTS } from '#simulation/protocol/venue-faults.ts';
import { scenarios } from '#simulation/scenarios/scenarios.ts';
import { lineOf, summaryOf } from '#simulation/scenarios/score-card.ts';
import { openScoredBot, type ScoredBot } from '../support/scored-bot.ts';

let bot: ScoredBot | null = null;
afterEach(async () => {
  await bot?.close();
  bot = null;
});

async function open(venue: VenueId): Promise<ScoredBot> {
  bot = await openScoredBot(venue);
  return bot;
}

function order({ world, trading }: ScoredBot): OrderIntent {
  return world.intent(trading.nextId());
}

/** Sent, and no answer waited for. */
function send({ trading }: ScoredBot, intent: OrderIntent): void {
  void trading.place(intent);
}

describe.each(VENUES)('the score on %s', (venue) => {
  it('F1: a bot that asks survives, one that orders again fails', async () => {
    const here = await open(venue);
    const first = order(here);
    const good = await here.judge('F1', async (struck) => {
      send(here, first);
      await struck;
      await here.world.queries.orderByClientId(first.symbol, first.clientOrderId);
    });
    expect(good).toMatchObject({ kind: 'survived' });
    const bad = await here.judge('F1', async (struck) => {
      send(here, order(here));
      await struck;
      send(here, order(here));
    });
    expect(bad).toMatchObject({ kind: 'failed', because: expect.stringContaining('a further order on the same side') });
    for (const fault of ONE_SHOT_FAULTS) expect([fault, here.world.server.faults.armed(fault)]).toEqual([fault, 0]);
  });

  it('F6, F13: a bot that asks after a cancel without an answer, or one that is refused, survives; one that orders again fails', async () => {
    const here = await open(venue);
    const { trading, world } = here;
    const placed = async (): Promise<OrderIntent> => {
      const intent = order(here);
      await trading.place(intent);
      return intent;
    };
    for (const id of ['F6', 'F13']) {
      const asked = await placed();
      const good = await here.judge(id, async (struck) => {
        void trading.cancel(asked);
        await struck;
        await world.queries.openOrders(asked.symbol);
      });
      expect([id, good.kind]).toEqual([id, 'survived']);
      const doubled = await placed();
      const bad = await here.judge(id, async (struck) => {
        void trading.cancel(doubled);
        await struck;
        send(here, order(here));
      });
      expect([id, bad.kind]).toEqual([id, 'failed']);
    }
  });

  it('F12: a bot that asks for its fills finds the one that was not told', async () => {
    const here = await open(venue);
    const verdict = await here.judge('F12', async (struck) => {
      await here.trading.place(here.world.marketIntent(here.trading.nextId()));
      await struck;
      await here.world.queries.fillsSince(here.world.instrument.symbol, here.world.exchange.now());
    });
    expect(verdict.kind).toBe('survived');
  });
});

describe('the score', () => {
  it('F23: the rest may be ordered again, the whole may not', async () => {
    const here = await open('bybit-linear');
    const near = (): OrderIntent => {
      const best = here.world.exchange.book(here.world.instrument.symbol, 1).bids[0]?.[0];
      return here.world.intent(here.trading.nextId(), best === undefined ? {} : { price: best });
    };
    here.world.freeze();
    const again = (share: number) =>
      here.judge('F23', async (struck) => {
        const first = near();
        await here.trading.place(first);
        await struck;
        send(here, { ...near(), size: Math.max(1, Math.floor(first.size * share)) as OrderIntent['size'] });
      });
    expect(await again(1)).toMatchObject({ kind: 'failed', because: expect.stringContaining('the rest was') });
    expect(await again(0.4)).toMatchObject({ kind: 'survived' });
  });

  it('F19: a bot that takes the book anew survives; its fault is made only after it has traded', async () => {
    const here = await open('bybit-linear');
    const feed = here.world.openFeed(['book']);
    feed.start();
    await here.world.until('the book is live', () => feed.sync.book.valid);
    const verdict = await here.judge('F19', async (struck) => {
      await here.trading.place(order(here));
      await struck;
    });
    expect(verdict.kind).toBe('survived');
    expect(feed.resyncs).toHaveLength(1);
  });

  it('a bot that does nothing is not judged', async () => {
    const here = await open('deribit');
    const verdict = await here.judge('F1', () => Promise.resolve(), 50);
    expect(verdict).toEqual({ kind: 'notJudged', because: 'the bot placed no order within 0 s' });
  });

  it('a card says what was survived, what was not and why, and sums it up', () => {
    const [one, other] = scenarios;
    if (one === undefined || other === undefined) throw new Error('no scenarios');
    const lines = [
      { scenario: one, verdict: { kind: 'failed', because: 'twice' } as const },
      { scenario: other, verdict: { kind: 'survived', because: 'asked' } as const },
    ];
    expect(lines.map(lineOf)).toEqual(['F1  FAILED     twice', 'F2  survived   asked']);
    expect(summaryOf(lines)).toBe('survived 1, failed 1 (F1), not judged 0');
  });
});
