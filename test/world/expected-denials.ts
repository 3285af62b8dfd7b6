import type { Policy } from '#core/config/policy.ts';
import type { Lane } from '#core/lanes/lane.ts';
import { hasReduceOnly, type Instrument, notional } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { UnitAllotment } from '#core/risk/allotment.ts';
import type { BreakerKind } from '#core/risk/breaker.ts';
import { largestSize, worthOfSize } from './told-money.ts';

/** What is judged of a lane: worlds have whole lanes, scenes those parts that ask risk. */
export type JudgedLane = Pick<
  Lane,
  'name' | 'symbol' | 'configuration' | 'instrument' | 'orders' | 'position' | 'entriesPaused' | 'flat' | 'dailyProfit'
>;

export type SeenBook = Pick<OrderBook, 'valid' | 'bidPrice' | 'askPrice'>;

/** What risk should have gone by, gathered without it. Money in the reporting currency, where nothing else is said; null: it cannot be said. */
export interface RiskFacts {
  readonly intent: Omit<OrderIntent, 'clientOrderId'>;
  /** Id of the intent: the lane's books may have it already. */
  readonly asked: string;
  readonly lane: JudgedLane;
  readonly others: readonly JudgedLane[];
  readonly book: SeenBook | null;
  /** At least and at most. */
  readonly dataAgeMs: readonly [number, number];
  readonly closed: string | null;
  readonly fence: string | null;
  /** What people wish stops entries, or the lane is being drained. */
  readonly mayNotEnter: boolean;
  readonly frozen: boolean;
  /** Of the breakers that have a rule: whether it lets an entry pass. */
  readonly breakers: ReadonlyMap<BreakerKind, Expected>;
  /** Orders sent by the lane and by the unit, ns of own time, the newest last, this one left out. */
  readonly sentAt: readonly number[];
  readonly unitSentAt: readonly number[];
  readonly now: number;
  /** UTC wall clock, ms. */
  readonly epoch: number;
  /** Of the lane, in its settlement currency, as it last told. */
  readonly drawdown: number | null;
  readonly policy: Policy;
  readonly allotment: UnitAllotment | null;
  readonly unitProfit: number | null;
  readonly unitDrawdown: number | null;
  /** Of the other lanes, as they last told. */
  readonly exposureBeside: number;
  /** Whether every lane could say what it stands at. */
  readonly valued: boolean | null;
  /** Free in the settlement currency, less what entries have bound since the venue said so; null: it said nothing. */
  readonly available: number | null;
}

/** `either`: the figures lie too near the limit, or nothing that is gathered says. */
export type Expected = 'denies' | 'passes' | 'either';

type Rule = { readonly exits: boolean; readonly judge: (facts: RiskFacts) => Expected };

/** New York's wall clock lies so far behind in summer. */
const NEW_YORK_MS = 4 * 3_600_000;

const entry = (judge: Rule['judge']): Rule => ({ exits: false, judge });
const every = (judge: Rule['judge']): Rule => ({ exits: true, judge });
const when = (denies: boolean): Expected => (denies ? 'denies' : 'passes');

/** What each denial has to rest on: a second statement of the checks, in the order in which they are asked. */
export const EXPECTED_DENIALS: Readonly<Record<string, Rule>> = {
  LEASE_NOT_HELD: every(({ closed }) => when(closed !== null)),
  ENTRIES_FENCED: entry(({ fence }) => when(fence !== null)),
  ENTRIES_PAUSED: entry(({ lane, mayNotEnter }) => when(mayNotEnter || lane.entriesPaused !== null)),
  SYMBOL_FROZEN: entry(({ frozen }) => when(frozen)),
  // Markets of paper accounts never close, but where their hours are asked for; worlds lie on a Sunday.
  MARKET_CLOSED: entry(({ lane, epoch }) => {
    if (lane.configuration.limits.marketHours !== 'us-equity') return 'passes';
    const day = new Date(epoch - NEW_YORK_MS).getUTCDay();
    return day === 0 || day === 6 ? 'denies' : 'either';
  }),
  BREAKER_LOSSES: breaker('consecutiveLosses'),
  BREAKER_RECONCILIATION: breaker('reconciliation'),
  BREAKER_ERRORS: breaker('errorRate'),
  BREAKER_REJECTS: breaker('rejectRate'),
  BREAKER_LATENCY: breaker('latency'),
  ORDER_UNKNOWN_PENDING: entry((facts) => when(working(facts).some((order) => order.state === 'Unknown'))),
  BOOK_INVALID: entry(({ book }) => when(book === null || !book.valid || book.bidPrice <= 0 || book.askPrice <= 0)),
  DATA_TOO_OLD: entry(({ dataAgeMs: [least, most], lane }) => {
    const { maxDataAgeMs } = lane.configuration.limits;
    return least > maxDataAgeMs ? 'denies' : most <= maxDataAgeMs ? 'passes' : 'either';
  }),
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
  // The filters of worlds decline what takes, and nothing else.
  ENTRY_FILTERED: entry(({ lane, intent }) =>
    when(lane.configuration.entryFilter !== undefined && intent.timeInForce === 'ioc'),
  ),
  EXPOSURE_UNPRICED: entry(({ allotment, policy, lane, valued }) => {
    if (allotment === null) return 'passes';
    const { maxExposure, maxDailyLoss, maxDrawdown, symbolExposure } = allotment;
    if (!Number.isFinite(Math.min(maxExposure, maxDailyLoss, maxDrawdown)) && symbolExposure.size === 0)
      return 'passes';
    if (policy.worth[lane.instrument.quoteCurrency] === undefined) return 'denies';
    return valued === null ? 'either' : when(!valued);
  }),
  UNIT_EXPOSURE_LIMIT: entry((facts) =>
    exposed(facts.exposureBeside + ownExposure(facts), facts.allotment?.maxExposure),
  ),
  SYMBOL_EXPOSURE_LIMIT: entry((facts) =>
    exposed(ownExposure(facts), facts.allotment?.symbolExposure.get(facts.lane.symbol)),
  ),
  CONCENTRATION_LIMIT: entry((facts) =>
    exposed(
      ownExposure(facts),
      facts.allotment === null
        ? undefined
        : facts.allotment.maxExposure * (facts.policy.maxConcentration ?? Number.POSITIVE_INFINITY),
    ),
  ),
  UNIT_DAILY_LOSS_LIMIT: entry(({ unitProfit, allotment }) =>
    near(unitProfit === null ? null : -unitProfit, allotment?.maxDailyLoss),
  ),
  UNIT_DRAWDOWN_LIMIT: entry(({ unitDrawdown, allotment }) => near(unitDrawdown, allotment?.maxDrawdown)),
  UNIT_OPEN_ORDERS_LIMIT: entry((facts) => {
    const limit = facts.allotment?.maxOpenOrders ?? Number.POSITIVE_INFINITY;
    const elsewhere = facts.others.reduce((sum, lane) => sum + followedOf(lane).filter((each) => each.alive).length, 0);
    return when(alive(facts).length + elsewhere >= limit);
  }),
  UNIT_ORDER_RATE_LIMIT: entry((facts) =>
    rate(facts, facts.unitSentAt, facts.allotment?.maxOrderRate ?? Number.POSITIVE_INFINITY),
  ),
  MARGIN_INSUFFICIENT: entry((facts) => {
    const needed = marginOf(facts);
    if (facts.allotment === null || facts.available === null || needed === null) return 'passes';
    return near(needed, facts.available, true);
  }),
  REDUCE_ONLY_WOULD_OPEN: every(({ intent, lane }) => {
    if (!intent.reduceOnly) return 'passes';
    const held = intent.side === 'sell' ? lane.position.size : -lane.position.size;
    return when(held <= 0 || intent.size > held);
  }),
};

/** What an entry binds of the settlement currency; null: the policy says nothing of it, or nothing is paid. */
export function marginOf({ intent, lane, book, policy }: RiskFacts): number | null {
  const { kind, settlementCurrency, quoteCurrency, priceScale } = lane.instrument;
  const paid = kind === 'spot' || kind === 'equity';
  if (intent.reduceOnly || (paid && intent.side === 'sell')) return null;
  const rate = paid ? 1 : policy.marginRate;
  if (rate === undefined) return null;
  const price = Math.max(book?.askPrice ?? 0, book?.bidPrice ?? 0, intent.price ?? 0);
  const bound = notional(lane.instrument, price as Price, intent.size) * rate;
  if (settlementCurrency === quoteCurrency) return bound;
  return price > 0 ? bound / (price / 10 ** priceScale) : null;
}

function breaker(kind: BreakerKind): Rule {
  return entry(({ breakers }) => breakers.get(kind) ?? 'passes');
}

/** Orders of the lane, and others' that could open a position in its symbol. */
function followedOf(lane: JudgedLane): readonly TrackedOrder[] {
  return lane.orders.followed().filter((order) => !order.foreign || !order.intent.reduceOnly);
}

/** Orders of the lane that can still change the position. */
/** What was sent before it: the lane's books may have it already, and what the same step decided after it. */
function working({ lane, asked }: RiskFacts) {
  const [lease, number] = orderNumber(asked);
  return followedOf(lane).filter((order) => {
    const [otherLease, other] = orderNumber(order.intent.clientOrderId);
    return otherLease !== lease || other < number;
  });
}

/** Which order of which lease an id of ours names: they are counted up. */
function orderNumber(clientOrderId: string): readonly [string, number] {
  const at = clientOrderId.lastIndexOf('-');
  return [clientOrderId.slice(0, at), Number.parseInt(clientOrderId.slice(at + 1), 36)];
}

function alive(facts: RiskFacts) {
  return working(facts).filter((order) => order.alive);
}

function sizeOf({ sizeScale }: Instrument, text: string): number {
  return Math.round(Number(text) * 10 ** sizeScale);
}

/** Above the limit (`over`) or at it: but for a rounding error. */
function near(value: number | null, limit: number | undefined, over = false): Expected {
  if (limit === undefined || !Number.isFinite(limit)) return 'passes';
  if (value === null || Number.isNaN(value)) return 'either';
  if (Math.abs(value - limit) <= 1e-9 * Math.max(1, Math.abs(limit))) return 'either';
  return when(over ? value > limit : value >= limit);
}

/** A bucket of one second's worth, at least of one order; what has been sent is taken from it. */
function rate({ now }: RiskFacts, sentAt: readonly number[], perSecond: number): Expected {
  if (!Number.isFinite(perSecond)) return 'passes';
  const most = Math.max(1, perSecond);
  let [tokens, last] = [most, now];
  for (const at of sentAt) {
    tokens = Math.min(most, tokens + (Math.max(0, at - last) / 1e9) * perSecond) - 1;
    last = at;
  }
  if (sentAt.length > 0) tokens = Math.min(most, tokens + ((now - last) / 1e9) * perSecond);
  // A bucket that is full is exactly so.
  return tokens !== most && Math.abs(tokens - 1) < 1e-6 ? 'either' : when(tokens < 1);
}

/** Amounts are counted in ten-thousandths. */
function exposed(value: number, limit: number | undefined): Expected {
  if (limit === undefined || !Number.isFinite(limit)) return 'passes';
  if (Number.isNaN(value)) return 'denies';
  return Math.abs(value - limit) <= 2e-4 ? 'either' : when(value > limit);
}

/** Of the lane that asks, with the order that it asks for. */
function ownExposure({ intent, asked, book, lane, policy }: RiskFacts): number {
  const more = intent.side === 'buy' ? ([intent.size, 0] as const) : ([0, intent.size] as const);
  const price = Math.max(book?.askPrice ?? 0, book?.bidPrice ?? 0, intent.price ?? 0);
  return worthOfSize(lane.instrument, largestSize(lane, more, asked), price, (currency) => policy.worth[currency]);
}
