import type { AccountReport, FillReport, OrderReport } from '#core/orders/order.ts';
import type { AccountStream, AccountStreamListener, ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { SimulatedAccountEvent } from '../exchange/simulated-exchange.ts';
import { fillReportOf, orderReportOf } from './venue-reports.ts';
import { latencyMs, type VenueClient, venueNow, type WorldVenue } from './world-venue.ts';

const RECONNECT_MS = [100, 800] as const;
/** So often a report is repeated that comes again and again, within so long, ms. */
const AGAIN = 12;
const AGAIN_MS = 9_000;
const NO_FRAME = new Uint8Array();

/**
 * The private stream of an account: in order, unless a fault lets reports overtake one another; nothing is replayed after a cut, and what was on its way when the
 * connection went may still be read after it (F10, F11).
 */
export function createWorldAccountStream(venue: WorldVenue, client: VenueClient, listener: AccountStreamListener) {
  const { dice, shares, time, exchange, watch } = venue;
  const { process } = client;
  let status: ConnectionStatus = { state: 'connecting', reason: 'not started' };
  let session = 0;
  /** The session that the venue serves; 0: none. */
  let served = 0;
  let stopped = false;
  let arrivesAtMs = 0;

  const say = (state: ConnectionStatus['state'], reason: string) => {
    status = { state, reason };
    listener.onStatus(status);
  };

  function connect(): void {
    if (stopped) return;
    if (client.cuts.has('account') || venue.maintenance) {
      process.timers.after(dice.between(...RECONNECT_MS), connect);
      return;
    }
    session += 1;
    const own = session;
    process.timers.after(latencyMs(dice) * 3, () => {
      if (own !== session || stopped || client.cuts.has('account')) return connect();
      venueNow(venue);
      served = own;
      say('live', 'subscribed');
    });
  }

  const unlisten = exchange.listen({
    onMarket: () => undefined,
    onAccount: (event) => {
      const report = reportOf(event);
      if (report !== null && !(report.kind === 'fill' && venue.forgottenFills.has(report.fillId))) hear(report);
    },
  });
  venue.streams.add(hear);

  function hear(report: AccountReport): void {
    if (served === 0 || venue.mute || client.cuts.has('account')) return;
    const { clientOrderId } =
      report.kind === 'orderReport' || report.kind === 'fill' ? report : { clientOrderId: null };
    if (report.kind === 'fill' && clientOrderId !== null && dice.chance(shares.endCorrected))
      correct(report, clientOrderId);
    else send(report);
    if (clientOrderId !== null && dice.chance(shares.falseRejection)) rejectToo(report, clientOrderId);
    if (report.kind !== 'orderReport' || report.status !== 'filled' || clientOrderId === null) return;
    if (!dice.chance(shares.canceledToo)) return;
    lie(report.symbol, clientOrderId);
    send({ ...report, status: 'canceled' });
  }

  function lie(symbol: string, clientOrderId: string): void {
    venue.lies.add(clientOrderId);
    watch.lied(symbol, clientOrderId);
  }

  /** What is so is told; besides, the order is said to have been refused. */
  function rejectToo(report: AccountReport, clientOrderId: string): void {
    const alive =
      report.kind === 'orderReport' && (report.status === 'accepted' || report.status === 'partiallyFilled');
    if (report.kind === 'fill' || (report.kind === 'orderReport' && alive)) sayEnd(report, clientOrderId, 'rejected');
  }

  /** First it is said to have ended otherwise; what is so comes after it. */
  function correct(fill: FillReport, clientOrderId: string): void {
    sayEnd(fill, clientOrderId, dice.chance(0.5) ? 'canceled' : 'expired');
    process.deliver(dice.between(20, 1_500), () => listener.onReport(fill, NO_FRAME));
  }

  /** An end that is not so. */
  function sayEnd(
    { symbol, side, venueOrderId, venueTime }: FillReport | OrderReport,
    clientOrderId: string,
    status: 'canceled' | 'expired' | 'rejected',
  ): void {
    lie(symbol, clientOrderId);
    send({
      kind: 'orderReport',
      source: 'accountStream',
      symbol,
      clientOrderId,
      venueOrderId,
      status,
      side,
      price: null,
      size: '0',
      cumulativeSize: '0',
      reduceOnly: false,
      reason: '',
      venueTime,
    });
  }

  function leave(): void {
    stopped = true;
    served = 0;
    unlisten();
    venue.streams.delete(hear);
  }

  function reportOf(event: SimulatedAccountEvent): AccountReport | null {
    if (event.kind !== 'order' && event.kind !== 'fill') return null;
    const { symbol, accountId } = event.kind === 'order' ? event.order : event.fill;
    const instrument = venue.instruments.get(symbol);
    if (instrument === undefined || accountId !== venue.account) return null;
    return event.kind === 'order'
      ? orderReportOf(event.order, instrument, 'accountStream')
      : fillReportOf(event.fill, instrument, 'accountStream');
  }

  function send(report: AccountReport): void {
    const lost = report.kind === 'fill' ? shares.fillLost : shares.stateLost;
    if (dice.chance(lost)) {
      watch.trace(() => `the stream loses ${describe(report)}`);
      return;
    }
    const of = served;
    const hand = () => {
      // What came in before the connection went is read after it.
      if (of !== served && !dice.chance(0.5)) return;
      listener.onReport(report, NO_FRAME);
      if (report.kind !== 'orderReport' && report.kind !== 'fill') return;
      const id = report.clientOrderId ?? '';
      for (const give of venue.behind.get(id) ?? []) give();
      venue.behind.delete(id);
    };
    if (dice.chance(shares.reportLate)) process.deliver(dice.between(50, 4_000), hand);
    else {
      arrivesAtMs = Math.max(arrivesAtMs, time.nowMs + latencyMs(dice));
      process.deliver(arrivesAtMs - time.nowMs, hand);
    }
    if (dice.chance(shares.reportTwice)) process.deliver(dice.between(1, 2_000), hand);
    if (!dice.chance(shares.reportAgain)) return;
    for (let times = 0; times < AGAIN; times += 1) process.deliver(dice.between(50, AGAIN_MS), hand);
  }

  const stream: AccountStream = {
    status: () => status,
    start: connect,
    async stop() {
      leave();
    },
  };

  return {
    ...stream,
    /** The connection goes; it is noticed only after `noticedMs`, and comes back by itself when the way is open. */
    cut(noticedMs: number): void {
      const own = served;
      if (own === 0 || stopped) return;
      served = 0;
      process.deliver(noticedMs, () => {
        if (stopped || session !== own) return;
        session += 1;
        say('waiting', 'cut');
        connect();
      });
    },
    /** The process is gone: the venue serves it no more. */
    abandon: leave,
  };
}

function describe(report: AccountReport): string {
  if (report.kind === 'fill') return `fill ${report.fillId} of ${report.clientOrderId}`;
  return report.kind === 'orderReport' ? `${report.status} of ${report.clientOrderId}` : report.kind;
}
