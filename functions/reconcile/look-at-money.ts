import type { UnitRef } from '#core/control/unit.ts';
import { addMoney, type CashStand, foldCash, moneyOf, type SymbolMoney } from '#core/ledger/cash-fold.ts';
import type { LedgerCash } from '#core/ledger/ledger-entry.ts';
import { openingOf, placeOf } from '#core/ledger/ledger-index.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { countingAdjustments } from '#core/ledger/superseded-adjustments.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { AdjustmentReport, BalanceReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { LOOK_BACK_MS, type Parties } from './ask-parties.ts';

/** What ledger and venue say of a unit's money at one moment; the ledger is asked first. */
export interface MoneyLook {
  readonly unit: UnitRef;
  readonly at: EpochMs;
  readonly stands: ReadonlyMap<string, CashStand>;
  /** Of the unit's own venue. */
  readonly cash: readonly LedgerCash[];
  readonly balances: readonly BalanceReport[];
  /** What the venue's books tell of the last day. */
  readonly payments: readonly AdjustmentReport[];
}

/** Markets of one exchange whose accounts share a wallet. Simulated ones do not. */
const SHARED: Partial<Readonly<Record<VenueId, readonly VenueId[]>>> = {
  'bybit-linear': ['bybit-linear', 'bybit-spot'],
  'bybit-spot': ['bybit-spot', 'bybit-linear'],
};

/** `configured`: symbols of the unit's lanes. Null: what the ledger holds of a symbol cannot be read as money, since the venue does not know the symbol any more. */
export async function lookAtMoney(
  parties: Parties,
  unit: UnitRef,
  configured: readonly string[],
  instruments: (venue: VenueId) => Promise<ReadonlyMap<string, Instrument>>,
): Promise<MoneyLook | null> {
  const venues = unit.mode === 'paper' ? [unit.venue] : (SHARED[unit.venue] ?? [unit.venue]);
  const symbols: SymbolMoney[] = [];
  for (const venue of venues) {
    const told = await parties.index.symbols(unit, venue);
    const names = new Set(venue === unit.venue ? [...configured, ...told] : told);
    const known = names.size === 0 ? new Map<string, Instrument>() : await instruments(venue);
    for (const symbol of names) {
      const instrument = known.get(symbol);
      if (instrument === undefined) return null;
      symbols.push({ instrument, ...(await moneyOfSymbol(parties, { ...unit, venue }, symbol)) });
    }
  }
  const everything = await parties.ledger.readCash(unit);
  const cash = everything.filter((each) => each.venue === unit.venue);
  const own = new Set(cash.map(identityOf));
  // What a shared wallet was paid is told under either market, by one id; what the reconciler wrote is of its own market alone.
  const others = everything.filter(
    (each) => each.venue !== unit.venue && venues.includes(each.venue) && !isOurs(each) && !own.has(identityOf(each)),
  );
  const at = parties.nowMs() as EpochMs;
  const [balances, payments] = await Promise.all([
    parties.queries.balances(),
    parties.queries.adjustmentsSince?.((at - LOOK_BACK_MS) as EpochMs) ?? [],
  ]);
  return { unit, at, stands: foldCash(symbols, [...cash, ...others]), cash, balances, payments };
}

/** When the ledger's account of a currency was opened, ms of the venue; null: it has not been. */
export function openedAt({ cash }: MoneyLook, currency: string): number | null {
  return cash.find((each) => each.reason === 'opening' && each.currency === currency)?.venueTime ?? null;
}

/** What the ledger lacks of the venue's books, since its account was opened, `until` a time of the venue's, ms. */
export function missingPayments(look: MoneyLook, until: number): readonly AdjustmentReport[] {
  const known = new Set(look.cash.map(identityOf));
  return look.payments.filter((each) => {
    const since = openedAt(look, each.currency);
    return (
      since !== null && each.venueTime > since && each.venueTime <= until && !known.has(`${each.currency} ${each.id}`)
    );
  });
}

async function moneyOfSymbol(
  { index, ledger }: Parties,
  unit: UnitRef,
  symbol: string,
): Promise<Omit<SymbolMoney, 'instrument'>> {
  const { venue } = unit;
  const place = placeOf(venue, symbol);
  const fold = (await index.checkpoint(unit, place))?.fold ?? null;
  if (fold?.money === undefined) {
    const positions = await ledger.readPositions(unit, { venue, symbol });
    const position = positions.find((each) => each.symbol === symbol && each.venue === venue);
    return moneyOf(position ?? foldPosition(venue, symbol, [], []));
  }
  const after = await index.moves(unit, place, fold.through);
  const told = await ledger.readAdjustments(unit, { venue, symbol });
  const adjustments = [...openingOf(fold, venue, symbol), ...countingAdjustments(after.adjustments, told)];
  return addMoney(fold.money, moneyOf(foldPosition(venue, symbol, after.fills, adjustments)));
}

function identityOf({ currency, adjustmentId }: LedgerCash): string {
  return `${currency} ${adjustmentId}`;
}

function isOurs({ reason }: LedgerCash): boolean {
  return reason === 'opening' || reason === 'correction';
}
