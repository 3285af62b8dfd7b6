import type { Side } from '#core/market/market-message.ts';
import { type Account, walletOf } from './account.ts';
import { amountOfSize, type Money, notionalOf } from './money.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { isStop, remainingOf } from './working-order.ts';

type Markets = ReadonlyMap<string, SymbolMarket>;

/** What the account's working spot orders lock of a currency: buys their price in quote, sells their size in base; stop orders nothing until they are triggered. */
export function lockedOf(account: Account, markets: Markets, currency: string): Money {
  let locked = 0n;
  for (const order of account.working.values()) {
    const { request } = order;
    const instrument = markets.get(request.symbol)?.instrument;
    if (instrument?.kind !== 'spot' || isStop(request)) continue;
    if (request.side === 'sell' && instrument.baseCurrency === currency) {
      locked += amountOfSize(instrument, remainingOf(order));
    } else if (request.side === 'buy' && instrument.quoteCurrency === currency && order.price !== null) {
      locked += notionalOf(instrument, order.price, remainingOf(order));
    }
  }
  return locked;
}

/** Whether the account has what a spot order gives away. `limit`: the worst price that it may be filled at. */
export function canPay(
  account: Account,
  markets: Markets,
  market: SymbolMarket,
  order: { readonly side: Side; readonly price: number | null; readonly size: number },
  limit: number,
): boolean {
  const { instrument } = market;
  const currency = order.side === 'buy' ? instrument.quoteCurrency : instrument.baseCurrency;
  const needed =
    order.side === 'sell'
      ? amountOfSize(instrument, order.size)
      : order.price === null
        ? costOfTaking(market, account.id, order.size, limit)
        : notionalOf(instrument, order.price, order.size);
  return walletOf(account, currency) - lockedOf(account, markets, currency) >= needed;
}

/** What buying so much at the market costs as the book stands, up to `limit`; own resting orders are none of it. */
function costOfTaking(market: SymbolMarket, accountId: string, size: number, limit: number): Money {
  const offers = new Map<number, number>();
  for (const [price, left] of market.external.remaining('sell')) offers.set(price, left);
  for (const order of market.resting.sell) {
    if (order.price !== null && order.accountId !== accountId) {
      offers.set(order.price, (offers.get(order.price) ?? 0) + remainingOf(order));
    }
  }
  let cost = 0n;
  let wanted = size;
  for (const [price, left] of [...offers].sort(([a], [b]) => a - b)) {
    if (wanted <= 0 || price > limit) break;
    const taken = Math.min(wanted, left);
    cost += notionalOf(market.instrument, price, taken);
    wanted -= taken;
  }
  return cost;
}
