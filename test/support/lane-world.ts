import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitId } from '#core/control/unit.ts';
import type { TradingEventBody } from '#core/events/trading-event.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { LaneEffect } from '#core/lanes/lane-effects.ts';
import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { OrderBook } from '#core/market/order-book.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import type { FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';

/** An instrument with a tick of 0.1 and a lot of 0.001. */
export const BTC: Instrument = {
  venue: 'binance-usdm',
  symbol: 'BTCUSDT',
  kind: 'linear',
  baseCurrency: 'BTC',
  quoteCurrency: 'USDT',
  settlementCurrency: 'USDT',
  priceScale: 1,
  sizeScale: 3,
  tickSize: 1 as Price,
  lotSize: 1 as Size,
  minSize: 1 as Size,
  maxSize: 1_000_000 as Size,
  minNotional: 5,
  multiplier: 1,
  tradable: true,
};

/** A lane that enters on any drift of a tick, and otherwise has room in every limit. */
export function laneConfiguration(changes: Partial<LaneConfiguration> = {}): LaneConfiguration {
  return {
    name: 'lane-1',
    account: 'main',
    mode: 'paper',
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    strategy: {
      kind: 'momentum-scalper',
      window: 4,
      entryTicks: 1,
      takeTicks: 3,
      takeProfitTicks: 5,
      stopLossTicks: 10,
      restMs: 500,
      holdMs: 3_000,
      cooldownMs: 0,
      baseSize: '0.01',
      maxSizeFactor: 1,
    },
    limits: {
      maxOrderSize: '1',
      maxPositionSize: '1',
      priceBandBps: 100,
      maxSpreadBps: 10,
      maxDataAgeMs: 100,
      maxDailyLoss: 1_000,
      maxOpenOrders: 5,
      maxOrderRate: 1_000,
    },
    // Who holds the stop is what other tests are about.
    protection: { stop: 'engine' },
    reservedSize: '0',
    confirm: 'every',
    ...changes,
  };
}

/** A lane with clocks and a book in the test's hands, and the venue's reports built by hand. */
export class LaneWorld {
  readonly lane: Lane;
  readonly book = new OrderBook('BTCUSDT');
  readonly events: { type: string; body: unknown }[] = [];
  readonly placed: OrderIntent[] = [];
  readonly canceled: string[] = [];
  readonly amended: Extract<LaneEffect, { kind: 'amend' }>[] = [];
  readonly resolves: string[] = [];
  /** Since when the questions of `resolves` asked, by the wall clock. */
  readonly askedFrom: number[] = [];
  readonly pricesAsked: string[] = [];
  verifies = 0;
  mono = 1e9;
  /** How far the wall clock is off, ms. */
  wallMs = 0;
  middle = 600_000;
  #fills = 0;
  #sequence = 0;

  constructor(
    configuration = laneConfiguration(),
    opening: Partial<LaneOpening> = {},
    instrument = BTC,
    risk: RiskBook | null = null,
  ) {
    const ids = createOrderIds('paper', 'paper/main/binance-usdm' as UnitId, 7);
    this.lane = new Lane(configuration, instrument, ids, risk);
    const flat = { positionSize: 0, entryPrice: 0 as Price, countedFillIds: [], dailyProfit: 0 };
    this.lane.open({ ...flat, ...opening }, this.now());
    this.lane.onGate(null, null);
    this.book.valid = true;
    this.collect();
  }

  now(): Now {
    return { mono: this.mono as MonoNanos, epoch: (1.7e12 + this.wallMs + this.mono / 1e6) as EpochMs };
  }

  /** Takes the effects, as the engine would. */
  collect(): void {
    for (const effect of this.lane.effects.splice(0)) {
      if (effect.kind === 'event') this.events.push(effect.note);
      else if (effect.kind === 'place') this.placed.push(effect.intent);
      else if (effect.kind === 'cancel') this.canceled.push(effect.target.clientOrderId);
      else if (effect.kind === 'amend') this.amended.push(effect);
      else if (effect.kind === 'resolve') {
        this.resolves.push(effect.target.clientOrderId);
        this.askedFrom.push(effect.windowFrom);
      } else if (effect.kind === 'askPrice') this.pricesAsked.push(effect.currency);
      else this.verifies += 1;
    }
  }

  pass(ms: number): void {
    this.mono += ms * 1e6;
    this.lane.onTimer(this.book, this.now());
    this.collect();
  }

  /** One book change that moves the middle by `ticks`; `ageMs` old on arrival. */
  tick(ticks: number, ageMs = 0): void {
    for (const side of ['buy', 'sell'] as const)
      for (const [price] of this.book.levels(side)) this.book.set(side, price, 0 as Size);
    this.middle += ticks;
    this.book.set('buy', (this.middle - 1) as Price, 5_000 as Size);
    this.book.set('sell', this.middle as Price, 5_000 as Size);
    this.mono += 1e6;
    const now = this.now();
    this.lane.onBook(this.book, now.mono, (1.7e12 + this.mono / 1e6 - ageMs) as EpochMs, now);
    this.collect();
  }

  /** Ticks upwards until the lane has placed one more order; returns it. */
  enter(ticks = 1): OrderIntent {
    const before = this.placed.length;
    for (let count = 0; count < 20 && this.placed.length === before; count += 1) this.tick(ticks);
    const intent = this.placed[before];
    if (intent === undefined) throw new Error('the lane did not enter');
    return intent;
  }

  report(
    intent: OrderIntent,
    status: OrderReport['status'],
    cumulative: number,
    source: OrderReport['source'] = 'accountStream',
  ): void {
    const report: OrderReport = {
      kind: 'orderReport',
      source,
      symbol: 'BTCUSDT',
      clientOrderId: intent.clientOrderId,
      venueOrderId: `v-${intent.clientOrderId}`,
      status,
      side: intent.side,
      price: intent.price === null ? null : formatScaled(intent.price, 1),
      size: formatScaled(intent.size, 3),
      cumulativeSize: formatScaled(cumulative, 3),
      reduceOnly: intent.reduceOnly,
      reason: '',
      venueTime: 1 as EpochMs,
    };
    this.lane.onOrderReport(report, this.now());
    this.collect();
  }

  fillReport(intent: OrderIntent, size: number, fillId?: string): FillReport {
    this.#fills += 1;
    return {
      kind: 'fill',
      source: 'accountStream',
      symbol: 'BTCUSDT',
      fillId: fillId ?? `f${this.#fills}`,
      clientOrderId: intent.clientOrderId,
      venueOrderId: `v-${intent.clientOrderId}`,
      side: intent.side,
      price: formatScaled(intent.price ?? this.middle, 1),
      size: formatScaled(size, 3),
      fee: '0.01',
      feeCurrency: 'USDT',
      liquidity: 'taker',
      cause: 'trade',
      venueTime: 1 as EpochMs,
    };
  }

  fill(intent: OrderIntent, size: number, fillId?: string): void {
    this.lane.onFill(this.fillReport(intent, size, fillId), this.now());
    this.collect();
  }

  accept(intent: OrderIntent): void {
    this.lane.onAnswer(
      intent.clientOrderId,
      'place',
      { kind: 'accepted', venueOrderId: `v-${intent.clientOrderId}`, venueTime: null },
      this.now(),
    );
    this.collect();
  }

  /** Answers a verification with what the test says the venue holds. `askedAt`: the venue's time, where the engine knows it. */
  verify(
    position: number,
    open: readonly OrderReport[] = [],
    fills: readonly FillReport[] = [],
    entryPrice = '60000',
    askedAt?: EpochMs,
  ): void {
    this.sequence();
    this.lane.onVerification(
      {
        kind: 'complete',
        activity: this.lane.activity,
        ...(askedAt === undefined ? {} : { askedAt }),
        openOrders: open,
        fills,
        position: {
          kind: 'position',
          source: 'query',
          symbol: 'BTCUSDT',
          size: formatScaled(position, 3),
          entryPrice,
          venueTime: 1 as EpochMs,
        },
      },
      this.now(),
    );
    this.collect();
  }

  told<Type extends Parameters<typeof isType>[1]>(type: Type): TradingEventBody<Type>[] {
    return this.events.filter((event) => isType(event, type)).map((event) => event.body as TradingEventBody<Type>);
  }

  sequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}

function isType(
  event: { type: string },
  type:
    | 'order.state'
    | 'order.denied'
    | 'order.intended'
    | 'order.amended'
    | 'alert'
    | 'lane.state'
    | 'fill'
    | 'position.adjusted'
    | 'position.checked'
    | 'risk.breakers',
): boolean {
  return event.type === type;
}
