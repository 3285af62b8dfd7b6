import { describe, expect, it } from 'vitest';
import type { LaneGiven } from '#core/input-log/lane-input.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { EngineMetrics } from '#engine/engine-metrics.ts';
import { LanePerformer } from '#engine/lane-performer.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';
import { createManualClock, settle } from '../support/manual-clock.ts';
import { scriptedQueries } from '../support/scripted-queries.ts';

const ID = 'p0abcdef-1-1' as ClientOrderId;
const TAKEN: OrderAnswer = { kind: 'accepted', venueOrderId: '4711', venueTime: null };

/** A lane that wishes an order cancelled, `leaseMs` before its lease ends (negative: after), by the socket or while it is away. */
async function cancelled(leaseMs: number, socket: 'ready' | 'away') {
  const { clock } = createManualClock();
  const sent: string[] = [];
  const given: LaneGiven[] = [];
  const lane = new Lane(laneConfiguration(), BTC, () => ID);
  const order = {
    clientOrderId: ID,
    mode: 'paper',
    account: 'main',
    venue: 'binance-usdm',
    lane: lane.name,
    symbol: 'BTCUSDT',
    intendedAt: clock.epochMs(),
    windowFrom: clock.epochMs(),
  } as const;
  const refuse = () => {
    throw new Error('nothing but a cancel is wished');
  };
  const entry: OrderEntry = {
    notReady: () => (socket === 'ready' ? null : 'the socket is away'),
    place: refuse,
    amend: refuse,
    cancel: (_target, _validUntil, answer) => {
      sent.push('socket');
      answer(TAKEN);
    },
  };
  const queries = scriptedQueries(
    order,
    () => 'accepted',
    () => {
      sent.push('REST');
      return TAKEN;
    },
  );
  const performer = new LanePerformer({
    queries,
    orderEntry: () => entry,
    metrics: new EngineMetrics(),
    clock,
    fencedAt: () => (clock.monoNanos() + leaseMs * 1e6) as MonoNanos,
    stopped: () => false,
    give: (_lane, input) => given.push(input),
    carriedOut: () => undefined,
    tell: () => undefined,
    verify: refuse,
    askPrice: refuse,
  });
  lane.effects.push({
    kind: 'cancel',
    target: { symbol: 'BTCUSDT', clientOrderId: ID, venueOrderId: '4711' },
  });
  performer.perform(lane);
  await settle();
  return { sent, answers: given.map((each) => (each.kind === 'answer' ? each.body.answer.kind : each.kind)) };
}

describe('what an engine carries out for its lanes', () => {
  it('H11: a cancel finds its way, by REST while the socket is away', async () => {
    expect(await cancelled(5_000, 'ready')).toEqual({ sent: ['socket'], answers: ['accepted'] });
    expect(await cancelled(5_000, 'away')).toEqual({ sent: ['REST'], answers: ['accepted'] });
  });

  it('M2, G11: under an ended lease no cancel leaves by any way: what works may be a successor’s stop', async () => {
    expect(await cancelled(-1, 'ready')).toEqual({ sent: [], answers: ['notSent'] });
    expect(await cancelled(-1, 'away')).toEqual({ sent: [], answers: ['notSent'] });
  });
});
