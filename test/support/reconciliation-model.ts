import type { TradingEvent } from '#core/events/trading-event.ts';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import { LEDGER_ENTRY, type LedgerOrder } from '#core/ledger/ledger-entry.ts';
import { contradiction, LEDGER_PREFIX, ledgerWriteOf, replaces, type StoredPart } from '#core/ledger/ledger-write.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import type { EngineWord, LaneWord, SymbolLook } from '#core/reconciliation/symbol-look.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';

const [instrument] = builtInInstruments('binance-usdm').filter((each) => each.symbol === 'BTCUSDT');
if (instrument === undefined) throw new Error('no instrument');
export const RECONCILED_INSTRUMENT = instrument;
export const RECONCILED_UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;
/** Signed size at the model's scale of thousandths. */
export const sizeText = (thousandths: number): string => formatExact(BigInt(thousandths), 3);

/** A ledger in memory by the ledger's own rules, and a venue that knows its own truth: one symbol. */
export class ReconciliationModel {
  readonly parts = new Map<string, StoredPart>();
  readonly fills: FillReport[] = [];
  openOrders: OrderReport[] = [];
  orders: OrderReport[] = [];
  lane: LaneWord | null = null;
  /** Undefined: it compared at this moment, and agrees with the venue. */
  engine: EngineWord | null | undefined = undefined;
  /** What moved the venue's position without an execution, thousandths. */
  moved = 0;
  comparedFrom = 0 as EpochMs;
  hasHistory = true;
  /** Null: the ledger's writers are not behind. */
  heardThrough: number | null = null;

  apply(event: TradingEvent): 'written' | 'duplicate' {
    const write = ledgerWriteOf(event);
    if (write === null) throw new Error(`the ledger does not keep ${event.type}`);
    const key = `${write.sort} ${write.part}`;
    const stored = this.parts.get(key) ?? null;
    const field = stored === null ? null : contradiction(write, stored);
    if (field !== null) throw new Error(`${key} contradicts in ${field}`);
    if (!replaces(write, stored)) return 'duplicate';
    this.parts.set(key, write);
    return 'written';
  }

  fill(id: number, thousandths: number, time: number, clientOrderId: string | null): FillReport {
    const report: FillReport = {
      kind: 'fill',
      source: 'query',
      symbol: RECONCILED_INSTRUMENT.symbol,
      fillId: String(id),
      clientOrderId,
      venueOrderId: `v${id}`,
      side: thousandths > 0 ? 'buy' : 'sell',
      price: String(100 + (id % 7)),
      size: sizeText(Math.abs(thousandths)),
      fee: '0.01',
      feeCurrency: 'USDT',
      liquidity: 'taker',
      cause: 'trade',
      venueTime: time as EpochMs,
    };
    this.fills.push(report);
    return report;
  }

  look(at: number): SymbolLook {
    const { symbol } = RECONCILED_INSTRUMENT;
    const contents = (prefix: string) =>
      [...this.parts].filter(([key]) => key.startsWith(prefix)).map(([, { content }]) => content);
    const fills = contents(LEDGER_PREFIX.fill).map((content) => LEDGER_ENTRY.fill.parse(content));
    const adjustments = contents(LEDGER_PREFIX.adjustment).map((content) => LEDGER_ENTRY.adjustment.parse(content));
    const ids = new Set(
      [...this.parts.keys()].flatMap((key) =>
        key.startsWith(LEDGER_PREFIX.order) ? [key.slice(6).split(' ')[0]] : [],
      ),
    );
    const orders = [...ids].map((id = ''): LedgerOrder => {
      const part = (name: string) => this.parts.get(`${LEDGER_PREFIX.order}${id} ${name}`)?.content;
      const [intent, state] = [part('intent'), part('state')];
      return {
        clientOrderId: id,
        intent: intent === undefined ? null : LEDGER_ENTRY.intent.parse(intent),
        state: state === undefined ? null : LEDGER_ENTRY.state.parse(state),
      };
    });
    const size = this.fills.reduce(
      (sum, fill) => sum + (fill.side === 'buy' ? parseExact(fill.size) : -parseExact(fill.size)),
      parseExact(sizeText(this.moved)),
    );
    const position = {
      kind: 'position',
      source: 'query',
      symbol,
      size: formatExact(size),
      entryPrice: '100',
      venueTime: at as EpochMs,
    } as const;
    return {
      unit: RECONCILED_UNIT,
      instrument: RECONCILED_INSTRUMENT,
      at: at as EpochMs,
      comparedFrom: this.comparedFrom,
      venue: {
        openOrders: this.openOrders,
        orders: this.orders,
        fills: [...this.fills],
        position,
        quiet: true,
      },
      ledger: {
        hasHistory: this.hasHistory,
        heardThrough: this.heardThrough ?? at,
        positionSize: foldPosition(RECONCILED_UNIT.venue, symbol, fills, adjustments).size,
        fills,
        adjustments,
        orders,
      },
      lane: this.lane,
      engine: this.engine === undefined ? { held: position.size, venue: position.size, time: at } : this.engine,
    };
  }
}
