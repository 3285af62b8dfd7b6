import {
  parseTradingEvent,
  TRADING_EVENT_VERSION,
  type TradingEvent,
  type TradingEventBody,
  type TradingEventType,
} from '#core/events/trading-event.ts';
import type { VenueId } from '#core/market/instrument.ts';

/** Fields of the envelope that a test cares about. */
export interface EventPlace {
  readonly epoch?: number;
  readonly sequence?: number;
  readonly time?: number;
  readonly account?: string;
  /** Default: `binance-usdm`. */
  readonly venue?: VenueId;
}

/** An event of `paper/<account>/<venue>` with a whole envelope, read back as from the stream. */
export function buildEvent<Type extends TradingEventType>(
  type: Type,
  body: TradingEventBody<Type>,
  place: EventPlace = {},
): TradingEvent {
  const { epoch = 7, sequence = 1, time = 1_700_000_000_000, account = 'main', venue = 'binance-usdm' } = place;
  const unit = `paper/${account}/${venue}`;
  const event = {
    id: `${unit}/${epoch}/${sequence}`,
    version: TRADING_EVENT_VERSION,
    type,
    account,
    mode: 'paper' as const,
    venue,
    unit,
    epoch,
    sequence,
    causationId: null,
    traceId: null,
    configurationHash: 'c0ffee',
    build: 'test',
    time,
    stamps: null,
    body,
  };
  const parsed = parseTradingEvent(new TextEncoder().encode(JSON.stringify(event)));
  if (parsed.kind !== 'event') throw new Error(`the builder made no event: ${JSON.stringify(parsed)}`);
  return parsed.event;
}

export function intendedBody(
  clientOrderId: string,
  change: Partial<TradingEventBody<'order.intended'>> = {},
): TradingEventBody<'order.intended'> {
  return {
    clientOrderId,
    lane: 'scalper',
    symbol: 'BTCUSDT',
    side: 'buy',
    orderType: 'limit',
    timeInForce: 'gtc',
    price: '100.5',
    size: '0.02',
    reduceOnly: false,
    purpose: 'entry',
    signalPrice: '100.4',
    signalAgeMs: 3,
    confirm: true,
    ...change,
  };
}

export function stateBody(
  clientOrderId: string,
  to: TradingEventBody<'order.state'>['to'],
  change: Partial<TradingEventBody<'order.state'>> = {},
): TradingEventBody<'order.state'> {
  const terminal = ['Filled', 'Canceled', 'Rejected', 'Expired', 'Denied'].includes(to);
  return {
    clientOrderId,
    lane: 'scalper',
    symbol: 'BTCUSDT',
    from: 'Submitted',
    to,
    terminal,
    venueOrderId: '4711',
    cumulativeSize: to === 'Filled' ? '0.02' : '0',
    size: '0.02',
    reason: '',
    evidence: terminal ? [{ kind: 'accountStream', venueOrderId: '4711', venueTime: 1_700_000_000_500 }] : [],
    ...change,
  };
}

export function fillBody(fillId: string, change: Partial<TradingEventBody<'fill'>> = {}): TradingEventBody<'fill'> {
  return {
    fillId,
    symbol: 'BTCUSDT',
    clientOrderId: 'p0000001-a-1',
    venueOrderId: '4711',
    side: 'buy',
    price: '100.5',
    size: '0.01',
    fee: '0.0004',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
    venueTime: 1_700_000_000_400,
    ...change,
  };
}
