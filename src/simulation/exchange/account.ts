import { MillraceError } from '#core/errors.ts';
import { parseExact } from '#core/ledger/exact-decimal.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Money } from './money.ts';
import type { Position } from './position.ts';
import type { SimulatedFill, SimulatedTarget } from './simulated-exchange.ts';
import { isWorking, type WorkingOrder } from './working-order.ts';

/** An account: balances, positions in one-way mode, orders and fills. */
export interface Account {
  readonly id: string;
  readonly leverage: number;
  readonly wallets: Map<string, Money>;
  readonly positions: Map<string, Position>;
  /** Every order still known, oldest first. */
  readonly orders: Map<string, WorkingOrder>;
  /** Working ones, by order id. */
  readonly working: Map<string, WorkingOrder>;
  /** The newest order under each client id. */
  readonly byClientId: Map<string, WorkingOrder>;
  /** Ids, in the order in which they finished. */
  readonly finished: Set<string>;
  /** By fill id, oldest first. */
  readonly fills: Map<string, SimulatedFill>;
  /** What the history no longer holds, by the rule of `historyLimit`. */
  readonly forgotten: { orders: number; fills: number };
}

/** Throws `LEVERAGE_RANGE` for a leverage that is no whole number of at least 1, `DECIMAL_SYNTAX` for a balance that is no decimal text. */
export function createAccount(id: string, balances: ReadonlyMap<string, string>, leverage: number): Account {
  if (!Number.isInteger(leverage) || leverage < 1 || leverage > 1_000) {
    throw new MillraceError('configuration', 'LEVERAGE_RANGE', `account=${id} leverage=${leverage}`);
  }
  return {
    id,
    leverage,
    wallets: new Map([...balances].map(([currency, amount]) => [currency, parseExact(amount)])),
    positions: new Map(),
    orders: new Map(),
    working: new Map(),
    byClientId: new Map(),
    finished: new Set(),
    fills: new Map(),
    forgotten: { orders: 0, fills: 0 },
  };
}

export function positionOf(account: Account, instrument: Instrument): Position {
  const known = account.positions.get(instrument.symbol);
  if (known !== undefined) return known;
  const position: Position = { instrument, size: 0, cost: 0n };
  account.positions.set(instrument.symbol, position);
  return position;
}

export function walletOf(account: Account, currency: string): Money {
  return account.wallets.get(currency) ?? 0n;
}

export function addToWallet(account: Account, currency: string, amount: Money): void {
  account.wallets.set(currency, walletOf(account, currency) + amount);
}

/** By the venue's id, else by the client's: the newest order under it. */
export function findOrder(account: Account, target: SimulatedTarget): WorkingOrder | null {
  if (target.orderId !== null) return account.orders.get(target.orderId) ?? null;
  return target.clientOrderId === null ? null : (account.byClientId.get(target.clientOrderId) ?? null);
}

export function isClientIdInUse(account: Account, clientOrderId: string): boolean {
  const known = account.byClientId.get(clientOrderId);
  return known !== undefined && isWorking(known);
}

export function addOrder(account: Account, order: WorkingOrder): void {
  account.orders.set(order.orderId, order);
  account.working.set(order.orderId, order);
  if (order.request.clientOrderId !== null) account.byClientId.set(order.request.clientOrderId, order);
}

/** A finished order moves to the history, whose oldest goes when it is full. */
export function retireOrder(account: Account, order: WorkingOrder, limit: number): void {
  account.working.delete(order.orderId);
  account.finished.add(order.orderId);
  if (account.finished.size <= limit) return;
  const [oldest] = account.finished;
  if (oldest === undefined) return;
  account.finished.delete(oldest);
  const forgotten = account.orders.get(oldest);
  if (forgotten === undefined) return;
  account.orders.delete(forgotten.orderId);
  const clientId = forgotten.request.clientOrderId;
  if (clientId !== null && account.byClientId.get(clientId) === forgotten) account.byClientId.delete(clientId);
  account.forgotten.orders += 1;
}

export function addFill(account: Account, fill: SimulatedFill, limit: number): void {
  account.fills.set(fill.fillId, fill);
  if (account.fills.size <= limit) return;
  const [oldest] = account.fills.keys();
  if (oldest === undefined) return;
  account.fills.delete(oldest);
  account.forgotten.fills += 1;
}
