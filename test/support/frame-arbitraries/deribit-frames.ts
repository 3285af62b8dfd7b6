import fc from 'fast-check';
import { type Fields, id, symbol, time, whole } from './plain-fields.ts';

const deribitNumber = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 1, max: 1_000_000_000 }).map((units) => units / 10 ** (units % 3)) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1e21, 1e-7, 0.1234567891234, 2 ** 53, 9007199254740991) },
);
const deribitLevel = fc.tuple(
  fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom('new', 'change', 'delete') },
    { weight: 1, arbitrary: fc.constantFrom('', 'remove', 'new ') },
  ),
  deribitNumber,
  deribitNumber,
);
const deribitLevels = fc.array(deribitLevel, { maxLength: 5 });
const deribitData = fc.oneof(
  fc
    .record({
      type: fc.oneof(
        { weight: 20, arbitrary: fc.constant('change') },
        { weight: 1, arbitrary: fc.constant('snapshot') },
      ),
      timestamp: time,
      prev_change_id: whole,
      instrument_name: symbol,
      change_id: whole,
      bids: deribitLevels,
      asks: deribitLevels,
    })
    .map((data) => ({ kind: 'book', name: data.instrument_name, suffix: '.raw', data })),
  fc
    .record({
      type: fc.constant('snapshot'),
      timestamp: time,
      instrument_name: symbol,
      change_id: whole,
      bids: deribitLevels,
      asks: deribitLevels,
    })
    .map((data) => ({ kind: 'book', name: data.instrument_name, suffix: '.100ms', data })),
  fc
    .record({
      timestamp: time,
      instrument_name: symbol,
      best_bid_price: deribitNumber,
      best_bid_amount: deribitNumber,
      best_ask_price: deribitNumber,
      best_ask_amount: deribitNumber,
    })
    .map((data) => ({ kind: 'quote', name: data.instrument_name, suffix: '', data })),
  fc
    .tuple(
      symbol,
      fc.array(
        fc.record(
          {
            trade_seq: whole,
            trade_id: id,
            timestamp: time,
            tick_direction: fc.nat({ max: 3 }),
            price: deribitNumber,
            mark_price: deribitNumber,
            index_price: deribitNumber,
            direction: fc.oneof(
              { weight: 20, arbitrary: fc.constantFrom('buy', 'sell') },
              { weight: 1, arbitrary: fc.constant('zero') },
            ),
            contracts: deribitNumber,
            amount: deribitNumber,
            liquidation: fc.constantFrom('M', 'T', 'MT'),
          },
          { requiredKeys: ['trade_seq', 'trade_id', 'timestamp', 'price', 'direction', 'amount'] },
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.nat({ max: 3 }),
    )
    .map(([name, rows, marked]) => ({
      kind: 'trades',
      name,
      suffix: '.raw',
      data: rows.map(({ liquidation, ...row }) => ({
        ...row,
        instrument_name: name,
        ...(marked === 0 && liquidation !== undefined ? { liquidation } : {}),
      })),
    })),
);
export const deribitFrame = fc
  .tuple(
    deribitData,
    fc.oneof(
      { weight: 30, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('.5.1', 'x', '.agg2') },
    ),
  )
  .map(
    ([{ kind, name, suffix, data }, odd]): Fields => ({
      jsonrpc: '2.0',
      method: 'subscription',
      params: { channel: `${kind}.${name}${suffix}${odd}`, data },
    }),
  );
