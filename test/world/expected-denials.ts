import type { Lane } from '#core/lanes/lane.ts';
import { hasReduceOnly, type Instrument, notional } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { UnitAllotment } from '#core/risk/allotment.ts';

export type SeenBook = Pick<OrderBook, 'valid' | 'bidPrice' | 'askPrice'>;

/** What risk should have gone by, gathered without it; `openBreakers`: told to be open, with until when at least. Money in the reporting currency. */
export interface RiskFacts {
  readonly intent: Omit<OrderIntent, 'clientOrderId'>;
  /** Id of the intent: the lane's books may have it already. */
  readonly asked: string;
  readonly lane: Lane;
  readonly others: readonly Lane[];
  readonly book: SeenBook | null;
  readonly bookOf: (symbol: string) => SeenBook | null;
  /** As the intent told it, ms. */
  readonly dataAgeMs: number;
  readonly closed: string | null;
  readonly fence: string | null;
  /** What people wish stops entries, or the lane is being drained. */
  readonly mayNotEnter: boolean;
  readonly frozen: boolean;
  readonly breakers: ReadonlyMap<string, 'open' | 'trial'>;
  /** Orders sent by the lane and by the unit, ns of own time, the newest last, this one left out. */
  readonly sentAt: readonly number[];
  readonly unitSentAt: readonly number[];
  /** When the unit last amended an order, ns. */
  readonly amendedAt: number;
  readonly now: number;
  readonly drawdown: number;
  readonly allotment: UnitAllotment | null;
  readonly maxConcentration: number;
  /** What it is at least and at most. */
  readonly unitLoss: readonly [number, number];
  readonly unitDrawdown: readonly [number, number];
}

/** `either`: the figures lie too near the limit, or nothing that is gathered says. */
export type Expected = 'denies' | 'passes' | 'either';

type Rule = { readonly exits: boolean; readonly judge: (facts: RiskFacts) => Expected };

const entry = (judge: Rule['judge']): Rule => ({ exits: false, judge });
const every = (judge: Rule['judge']): Rule => ({ exits: true, judge });
const when = (denies: boolean): Expected => (denies ? 'denies' : 'passes');

/** What each denial has to rest on: a second statement of the checks. */
export const EXPECTED_DENIALS: Readonly<Record<string, Rule>> = {
  LEASE_NOT_HELD: every(({ closed }) => when(closed !== null)),
  ENTRIES_FENCED: entry(({ fence }) => when(fence !== null)),
  ENTRIES_PAUSED: entry(({ lane, mayNotEnter }) => when(mayNotEnter || lane.entriesPaused !== null)),
  SYMBOL_FROZEN: entry(({ frozen }) => when(frozen)),
  BREAKER_LOSSES: breaker('consecutiveLosses'),
  BREAKER_RECONCILIATION: breaker('reconciliation'),
  BREAKER_ERRORS: breaker('errorRate'),
  BREAKER_REJECTS: breaker('rejectRate'),
  BREAKER_LATENCY: breaker('latency'),
  ORDER_UNKNOWN_PENDING: entry((facts) => when(working(facts).some((order) => order.state === 'Unknown'))),
  BOOK_INVALID: entry(({ book }) => when(book === null || !book.valid || book.bidPrice <= 0 || book.askPrice <= 0)),
  DATA_TOO_OLD: entry(({ dataAgeMs, lane }) => when(dataAgeMs > lane.configuration.limits.maxDataAgeMs)),
  SPREAD_TOO_WIDE: entry(({ book, lane }) =>
    book === null
      ? 'either'
      : near(
          ((book.askPrice - book.bidPrice) * 20_000) / (book.askPrice + book.bidPrice),
          lane.configuration.limits.maxSpreadBps,
          true,
        ),
  ),
  ORDER_SIZE_BELOW_MINIMUM: entry(({ intent, lane, book }) => {
    const { minSize, minNotional } = lane.instrument;
    const price = intent.price ?? ((book?.askPrice ?? 0) as Price);
    return when(
      intent.size <= 0 || intent.size < minSize || notional(lane.instrument, price, intent.size) < minNotional,
    );
  }),
  ORDER_SIZE_LIMIT: every(({ intent, lane }) => {
    const own = intent.reduceOnly
      ? Number.POSITIVE_INFINITY
      : sizeOf(lane.instrument, lane.configuration.limits.maxOrderSize);
    return when(intent.size > own || intent.size > lane.instrument.maxSize);
  }),
  POSITION_SIZE_LIMIT: entry((facts) => {
    const { intent, lane } = facts;
    const way = intent.side === 'buy' ? 1 : -1;
    const same = working(facts).filter((order) => !order.intent.reduceOnly && order.intent.side === intent.side);
    const open = same.reduce((sum, order) => sum + order.openSize, 0);
    return when(
      way * lane.position.size + open + intent.size >
        sizeOf(lane.instrument, lane.configuration.limits.maxPositionSize),
    );
  }),
  // Markets of paper accounts never close.
  MARKET_CLOSED: entry(() => 'passes'),
  SHORT_IMPOSSIBLE: entry((facts) => {
    const { intent, lane } = facts;
    if (lane.instrument.kind !== 'spot' || intent.side === 'buy') return 'passes';
    const offered = working(facts).filter((order) => !order.intent.reduceOnly && order.intent.side === 'sell');
    return when(intent.size > lane.position.size - offered.reduce((sum, order) => sum + order.openSize, 0));
  }),
  EXIT_AT_WORK: every((facts) => {
    if (!facts.intent.reduceOnly || hasReduceOnly(facts.lane.instrument.kind)) return 'passes';
    return when(working(facts).some((order) => order.intent.reduceOnly));
  }),
  PRICE_OUT_OF_BAND: every(({ intent, lane, book }) => {
    const { tickSize } = lane.instrument;
    if (intent.type === 'stopMarket' || intent.type === 'takeProfitMarket')
      return when(!((intent.triggerPrice ?? 0) > 0) || (intent.triggerPrice ?? 0) % tickSize !== 0);
    if (intent.price === null) return 'passes';
    if (intent.price <= 0 || intent.price % tickSize !== 0) return 'denies';
    if (book === null || !book.valid) return 'either';
    const middle = (book.askPrice + book.bidPrice) / 2;
    return near((Math.abs(intent.price - middle) / middle) * 1e4, lane.configuration.limits.priceBandBps, true);
  }),
  DAILY_LOSS_LIMIT: entry(({ lane }) => near(-lane.dailyProfit(), lane.configuration.limits.maxDailyLoss)),
  DRAWDOWN_LIMIT: entry(({ lane, drawdown }) => near(drawdown, lane.configuration.limits.maxDrawdown)),
  OPEN_ORDERS_LIMIT: entry((facts) => when(alive(facts).length >= facts.lane.configuration.limits.maxOpenOrders)),
  ORDER_RATE_LIMIT: entry((facts) => rate(facts, facts.sentAt, facts.lane.configuration.limits.maxOrderRate)),
  UNIT_EXPOSURE_LIMIT: entry((facts) => exposed(unitExposure(facts), facts.allotment?.maxExposure)),
  SYMBOL_EXPOSURE_LIMIT: entry((facts) =>
    exposed(laneExposure(facts, facts.lane, true), facts.allotment?.symbolExposure.get(facts.lane.symbol)),
  ),
  CONCENTRATION_LIMIT: entry((facts) =>
    exposed(
      laneExposure(facts, facts.lane, true),
      facts.allotment === null ? undefined : facts.allotment.maxExposure * facts.maxConcentration,
    ),
  ),
  UNIT_DAILY_LOSS_LIMIT: entry(({ unitLoss, allotment }) => within(unitLoss, allotment?.maxDailyLoss)),
  UNIT_DRAWDOWN_LIMIT: entry(({ unitDrawdown, allotment }) => within(unitDrawdown, allotment?.maxDrawdown)),
  UNIT_OPEN_ORDERS_LIMIT: entry((facts) => {
    const limit = facts.allotment?.maxOpenOrders ?? Number.POSITIVE_INFINITY;
    const elsewhere = facts.others.reduce((sum, lane) => sum + followedOf(lane).filter((each) => each.alive).length, 0);
    return when(alive(facts).length + elsewhere >= limit);
  }),
  UNIT_ORDER_RATE_LIMIT: entry((facts) =>
    rate(facts, facts.unitSentAt, facts.allotment?.maxOrderRate ?? Number.POSITIVE_INFINITY),
  ),
  REDUCE_ONLY_WOULD_OPEN: every(({ intent, lane }) => {
    if (!intent.reduceOnly) return 'passes';
    const held = intent.side === 'sell' ? lane.position.size : -lane.position.size;
    return when(held <= 0 || intent.size > held);
  }),
};

function breaker(kind: string): Rule {
  return entry(({ breakers }) => {
    const state = breakers.get(kind);
    return state === undefined ? 'passes' : state === 'open' ? 'denies' : 'either';
  });
}

/** Orders of the lane, and others' that could open a position in its symbol. */
function followedOf(lane: Lane): readonly TrackedOrder[] {
  return lane.orders.followed().filter((order) => !order.foreign || !order.intent.reduceOnly);
}

/** Orders of the lane that can still change the position. */
function working({ lane, asked }: RiskFacts) {
  return followedOf(lane).filter((order) => order.intent.clientOrderId !== asked);
}

function alive(facts: RiskFacts) {
  return working(facts).filter((order) => order.alive);
}

function sizeOf({ sizeScale }: Instrument, text: string): number {
  return Math.round(Number(text) * 10 ** sizeScale);
}

/** Above the limit (`over`) or at it: but for a rounding error. */
function near(value: number, limit: number | undefined, over = false): Expected {
  if (limit === undefined || !Number.isFinite(limit)) return 'passes';
  if (Math.abs(value - limit) <= 1e-9 * Math.max(1, Math.abs(limit))) return 'either';
  return when(over ? value > limit : value >= limit);
}

/** At the limit, or above it, for all that lies between the two values; amounts are counted in ten-thousandths. */
function within([least, most]: readonly [number, number], limit: number | undefined): Expected {
  if (limit === undefined || !Number.isFinite(limit)) return 'passes';
  if (Number.isNaN(least) || Number.isNaN(most)) return 'either';
  return least - 1e-3 >= limit ? 'denies' : most + 1e-3 < limit ? 'passes' : 'either';
}

/** A bucket of one second's worth: so many within a second are certainly too many, and none is too many for one that has not sent for a second. */
function rate({ now, amendedAt }: RiskFacts, sentAt: readonly number[], perSecond: number): Expected {
  if (!Number.isFinite(perSecond)) return 'passes';
  // Tokens of some seconds may be gone.
  if (now - amendedAt < 5e9) return 'either';
  let tokens = Math.max(1, perSecond);
  let last: number | null = null;
  for (const at of sentAt) {
    if (last !== null) tokens = Math.min(Math.max(1, perSecond), tokens + ((at - last) / 1e9) * perSecond);
    tokens -= 1;
    last = at;
  }
  if (last !== null) tokens = Math.min(Math.max(1, perSecond), tokens + ((now - last) / 1e9) * perSecond);
  return Math.abs(tokens - 1) < 1e-6 ? 'either' : when(tokens < 1);
}

/** The price that exposure counts at lies within the spread or at the order's own: what differs by less is not judged. */
function exposed([low, high]: readonly [number, number], limit: number | undefined): Expected {
  if (limit === undefined || !Number.isFinite(limit)) return 'passes';
  return low > limit ? 'denies' : high <= limit ? 'passes' : 'either';
}

function unitExposure(facts: RiskFacts): readonly [number, number] {
  const parts = [
    laneExposure(facts, facts.lane, true),
    ...facts.others.map((lane) => laneExposure(facts, lane, false)),
  ];
  return [parts.reduce((sum, [low]) => sum + low, 0), parts.reduce((sum, [, high]) => sum + high, 0)];
}

function laneExposure({ intent, asked, bookOf }: RiskFacts, lane: Lane, asking: boolean): readonly [number, number] {
  let [buys, sells] = [0, 0];
  for (const order of followedOf(lane)) {
    if (order.intent.reduceOnly || order.intent.clientOrderId === asked) continue;
    if (order.intent.side === 'buy') buys += order.sizeAtRisk;
    else sells += order.sizeAtRisk;
  }
  if (asking && intent.side === 'buy') buys += intent.size;
  if (asking && intent.side === 'sell') sells += intent.size;
  const held = lane.position.size;
  const size = Math.max(Math.abs(held), held + buys, sells - held) as Size;
  if (size === 0) return [0, 0];
  const price = Math.max(bookOf(lane.symbol)?.askPrice ?? 0, asking ? (intent.price ?? 0) : 0);
  if (price === 0) return [0, Number.POSITIVE_INFINITY];
  const value = notional(lane.instrument, price as Price, size);
  // The asking lane counts at the price of now, the others at what they last told.
  const apart = asking ? 1e-6 : 0.01;
  return [value * (1 - apart), value * (1 + apart) + 1e-3];
}
