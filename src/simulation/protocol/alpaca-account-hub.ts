import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedAccountEvent, SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { AlpacaContext } from './alpaca-context.ts';
import { type Row, timestampOf } from './alpaca-rows.ts';
import { createHeldReports } from './held-reports.ts';
import { uuidOf } from './id-as-uuid.ts';
import type { VenueSession } from './venue-session.ts';

/** The account stream: who listens, and what goes out as `trade_updates`, in binary frames. */
export interface AlpacaAccountHub {
  /** From now on this session, let in for the account, hears `trade_updates`; `listens` false: no longer. */
  listen(session: VenueSession, accountId: string, listens: boolean): void;
  forget(session: VenueSession): void;
  onAccount(event: SimulatedAccountEvent): void;
  /** Tells an event that the exchange knows nothing of. */
  tell(event: string, order: SimulatedOrder, extra?: Row): void;
  /** Reports wait until the same number of `release`: an acknowledgement goes before what it caused. */
  hold(): void;
  release(): void;
  /** Ends every session, as the venue does when one expires. */
  expireAll(): void;
}

export function createAlpacaAccountHub(context: AlpacaContext): AlpacaAccountHub {
  const { faults } = context;
  const listeners = new Map<VenueSession, string>();
  const reports = createHeldReports();
  const positions = new Map<string, number>();
  let events = 0;

  function isHeard(accountId: string): boolean {
    for (const listening of listeners.values()) if (listening === accountId) return true;
    return false;
  }

  function push(accountId: string, data: Row, times = 1): void {
    const frame = Buffer.from(JSON.stringify({ stream: 'trade_updates', data }));
    const send = (): void => {
      for (const [session, listening] of listeners) {
        if (listening !== accountId) continue;
        for (let time = 0; time < times; time += 1) session.sendBinary(frame);
      }
    };
    reports.send(send);
  }

  function tell(event: string, order: SimulatedOrder, extra: Row = {}, times = 1): void {
    events += 1;
    const data = {
      event,
      event_id: String(events).padStart(26, '0'),
      timestamp: timestampOf(context.now()),
      order: context.orderRow(order),
      ...extra,
    };
    push(order.accountId, data, times);
  }

  function onOrder(order: SimulatedOrder, change: string): void {
    const event = eventOf(order, change);
    if (event === null) return;
    if (isHeard(order.accountId) && faults.take('suppressNextReport')) return;
    tell(event, order);
  }

  /** Null for what the venue does not tell: fills come by themselves, and of an order that waits for the session it says `new` at the open. */
  function eventOf(order: SimulatedOrder, change: string): string | null {
    const extras = context.extras(order.orderId);
    switch (change) {
      case 'new':
        return context.session.open ? 'new' : null;
      case 'canceled':
      case 'expired':
        if (extras.ended === 'expired') return 'expired';
        return extras.replacedBy === null ? 'canceled' : null;
      default:
        return null;
    }
  }

  function onFill(fill: SimulatedFill, order: SimulatedOrder): void {
    const instrument = context.requireInstrument(fill.symbol);
    const key = `${fill.accountId} ${fill.symbol}`;
    const position = (positions.get(key) ?? 0) + (fill.side === 'buy' ? fill.size : -fill.size);
    positions.set(key, position);
    const heard = isHeard(fill.accountId);
    if (heard && faults.take('suppressNextFill')) return;
    const times = heard && faults.take('duplicateNextFill') ? 2 : 1;
    tell(
      order.cumulativeSize < order.size ? 'partial_fill' : 'fill',
      order,
      {
        execution_id: uuidOf(fill.fillId),
        price: formatScaled(fill.price, instrument.priceScale),
        qty: formatScaled(fill.size, instrument.sizeScale),
        position_qty: formatScaled(position, instrument.sizeScale),
      },
      times,
    );
  }

  return {
    listen(session, accountId, listens) {
      if (listens) listeners.set(session, accountId);
      else listeners.delete(session);
    },
    forget(session) {
      listeners.delete(session);
    },
    onAccount(event) {
      if (event.kind === 'order') onOrder(event.order, event.change);
      else if (event.kind === 'fill') onFill(event.fill, event.order);
    },
    tell: (event, order, extra) => tell(event, order, extra),
    hold: reports.hold,
    release: reports.release,
    expireAll() {
      for (const session of listeners.keys()) session.close(1000, 'session expired');
    },
  };
}
