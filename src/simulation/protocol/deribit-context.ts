import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { ApiKeyRing } from './api-keys.ts';
import type { Row } from './deribit-rows.ts';
import type { VenueFaults } from './venue-faults.ts';

/** What the parts of the simulated Deribit share. */
export interface DeribitContext {
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  /** The venue's own time, faults of its clock included. */
  now(): EpochMs;
  instrument(symbol: string): Instrument | null;
  /** Throws `INSTRUMENT_UNKNOWN` (class fatal): the exchange tells of none but its own. */
  requireInstrument(symbol: string): Instrument;
  /** What the order was labelled with; '' where with nothing. */
  labelOf(order: Pick<SimulatedOrder, 'orderId' | 'clientOrderId'>): string;
  /** Labels of orders that came with one in use already: here they are no ids. `next` is that of the order being placed. */
  readonly labels: { next: string | null; readonly byOrder: Map<string, string> };
  /** Orders that have been edited. */
  readonly replaced: Set<string>;
  /** Orders that were acknowledged and then refused; they rest nowhere, and are history. */
  readonly rejected: Map<string, SimulatedOrder>;
  /** The transaction log by account, oldest first. */
  readonly log: Map<string, Row[]>;
}

export function createDeribitContext(options: {
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  readonly epochMs: () => number;
}): DeribitContext {
  const { exchange, faults } = options;
  const bySymbol = new Map(exchange.instruments.map((each) => [each.symbol, each]));
  const labels: DeribitContext['labels'] = { next: null, byOrder: new Map() };
  return {
    exchange,
    keys: options.keys,
    faults,
    now: () => (Math.floor(options.epochMs()) + faults.clockOffsetMs) as EpochMs,
    instrument: (symbol) => bySymbol.get(symbol) ?? null,
    requireInstrument(symbol) {
      const known = bySymbol.get(symbol);
      if (known !== undefined) return known;
      throw new MillraceError('fatal', 'INSTRUMENT_UNKNOWN', `symbol=${symbol}`);
    },
    labelOf: (order) => order.clientOrderId ?? labels.byOrder.get(order.orderId) ?? labels.next ?? '',
    labels,
    replaced: new Set(),
    rejected: new Map(),
    log: new Map(),
  };
}
