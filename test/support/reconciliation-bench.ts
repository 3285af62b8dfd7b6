import type { Alert } from '#aws/alerts.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { unitId } from '#core/control/unit.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { termsOfFill } from '#core/positions/fill-terms.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type ReconcileParts, reconcileUnit } from '#functions/reconcile/reconcile-unit.ts';
import type { ExchangeSettings } from '#simulation/exchange/exchange-settings.ts';
import { openAccountWorld } from './account-world.ts';
import { createFakeDynamoDb } from './fake-dynamodb.ts';
import { buildEvent, intendedBody, stateBody } from './trading-event-builder.ts';

/** From when on what the bench's ledger lacks is lacking, ms. */
export const BENCH_SETTLE_MS = 120;
/** Worth of an order, quote currency. */
const ORDER_VALUE = 400;

/** A simulated venue over loopback, its own client, a ledger and a control table in memory, and the reconciler between them. */
export async function openReconciliationBench(
  venue: VenueId,
  settings: Partial<ExchangeSettings> = {},
  writersBehindMs = 300_000,
) {
  const unit = { account: 'main', mode: 'paper', venue } as const;
  const id = unitId(unit);
  const own = (number: number) => `${orderIdPrefix('paper', id)}1-${number}`;
  const world = await openAccountWorld(venue, settings);
  const tables = { ledger: createFakeDynamoDb(), control: createFakeDynamoDb() };
  const { instrument, exchange } = world;
  const { symbol, sizeScale, kind } = instrument;
  // Whatever it settles in, and what spot has to sell.
  exchange.transfer('main', instrument.settlementCurrency, '100000');
  const ledger = createLedger(tables.ledger.client, 'ledger');
  const reader = createLedgerReader(tables.ledger.client, 'ledger');
  const desired = createDesiredStates(tables.control.client, 'control');
  const alerts: Alert[] = [];
  const parts: ReconcileParts = {
    venue: async () => world.queries,
    ledger: reader,
    index: createLedgerIndexReader(tables.ledger.client, 'ledger'),
    writer: ledger,
    desired,
    alerts: {
      async publish(alert) {
        alerts.push(alert);
        return 'sent';
      },
    },
    log: () => undefined,
    rules: { settleMs: BENCH_SETTLE_MS, unprovenAfterMs: 60_000, writersBehindMs },
    origin: { configurationHash: 'c0ffee', build: 'test' },
    // Between two looks the engine compares as well, and agrees with the venue, whatever the ledger has heard.
    sleep: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms + 5));
      if (engine.compares) await agree();
    },
    nowMs: Date.now,
  };
  await world.until('a market', () => exchange.book(symbol, 1).asks.length > 0);
  const price = exchange.ticker(symbol).lastPrice / 10 ** instrument.priceScale;
  const units = kind === 'inverse' ? ORDER_VALUE : ORDER_VALUE / price;
  const lots = Math.max(1, Math.ceil((units * 10 ** sizeScale) / instrument.lotSize));
  const size = Math.max(lots * instrument.lotSize, instrument.minSize) as Size;
  // A bought size arrives less its fee.
  const sold = (kind === 'spot' ? Math.floor((size * 0.95) / instrument.lotSize) * instrument.lotSize : size) as Size;
  let sequence = 0;
  const tell = (...[type, body]: Parameters<typeof buildEvent>) => {
    sequence += 1;
    return ledger.apply(buildEvent(type, body, { sequence, time: Date.now(), venue }));
  };
  const engine = { compares: true };
  const agree = async () => {
    const [held] = await world.queries.positions([symbol]);
    const size = held?.size ?? '0';
    await tell('position.checked', { lane: 'scalper', symbol, engine: size, venue: size, agree: true });
  };
  const place = (clientOrderId: string, side: 'buy' | 'sell', limit: Price | null) => {
    const outcome = exchange.place('main', {
      clientOrderId,
      symbol,
      side,
      type: limit === null ? 'market' : 'limit',
      timeInForce: limit === null ? 'ioc' : 'gtc',
      price: limit,
      triggerPrice: null,
      size: side === 'buy' ? size : sold,
      reduceOnly: false,
    });
    if (outcome.kind === 'refused') throw new Error(outcome.reason);
  };
  const heard = new Set<string>();

  return {
    unit,
    own,
    world,
    reader,
    desired,
    alerts,
    parts,
    engine,
    symbol,
    tell,
    /** One market order at the venue; the ledger hears of its intent. */
    async trade(number: number, side: 'buy' | 'sell') {
      const change = { symbol, side, size: formatScaled(side === 'buy' ? size : sold, sizeScale), lane: 'scalper' };
      await tell('order.intended', intendedBody(own(number), change));
      await tell('order.state', stateBody(own(number), 'Submitted', { symbol }));
      place(own(number), side, null);
    },
    /** The same by a person, in the venue's own page. */
    tradeByHand: (side: 'buy' | 'sell') => place('by-hand', side, null),
    /** An order that rests far from the market, by a person. */
    restByHand(): void {
      const best = exchange.book(symbol, 1).bids[0]?.[0] ?? (0 as Price);
      place('resting', 'buy', (Math.floor((best * 0.97) / instrument.tickSize) * instrument.tickSize) as Price);
    },
    /** The engine's account stream, but for what is lost. */
    async hear(isLost: (clientOrderId: string) => boolean = () => false) {
      for (const fill of await world.queries.fillsSince(symbol, (Date.now() - 60_000) as EpochMs)) {
        const order = exchange.order('main', { orderId: orderIdOf(fill.venueOrderId), clientOrderId: null });
        const clientOrderId = fill.clientOrderId ?? order?.clientOrderId ?? '';
        if (isLost(clientOrderId) || heard.has(fill.fillId)) continue;
        heard.add(fill.fillId);
        const { kind: _kind, source: _source, ...body } = fill;
        await tell('fill', { ...body, clientOrderId, ...termsOfFill(instrument, fill) });
        await tell('order.state', stateBody(clientOrderId, 'Filled', { symbol }));
      }
    },
    reconcile: () => reconcileUnit(parts, { unit, symbols: [{ symbol, reservedSize: '0', lane: 'scalper' }] }),
    /** Time passes, and the engine tells of something else, so that what it told before is in the ledger. */
    async settle() {
      await new Promise((resolve) => setTimeout(resolve, BENCH_SETTLE_MS + 20));
      await tell('lane.entries', { lane: 'scalper', symbol, paused: false, reason: 'resumed' });
    },
    positions: async () => {
      const [held] = await world.queries.positions([symbol]);
      const [known] = await reader.readPositions(unit, { venue, symbol });
      return [Number(held?.size ?? 0), Number(known?.size ?? 0)];
    },
  };
}

/** Some venues put something around the exchange's own number. */
function orderIdOf(venueOrderId: string): string {
  return /\d+$/.exec(venueOrderId)?.[0] ?? venueOrderId;
}
