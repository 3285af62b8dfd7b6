import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Side } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { keptBreakers, type ToldBreakers } from '#core/risk/kept-breakers.ts';
import { RiskBook, takeBalance } from '#core/risk/risk-book.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { createDice, type Dice } from '#simulation/world/dice.ts';
import { RiskSceneLane } from './risk-scene-lane.ts';
import { type RiskSceneTerms, riskSceneTerms, SCENE_PRICE, SCENE_SIZES, SCENE_UNIT } from './risk-scene-terms.ts';
import { RiskWitness } from './risk-witness.ts';

/** Midday: a scene lies within one day. */
const BEGAN = 1_748_779_200_000;
const STEPS = 120;
const PAUSES = [1, 20, 100, 600, 2_000] as const;
const FEE = '0.0137';
/** Ticks between bid and ask. */
const SPREADS = [2, 2, 2, 2, 3, 4, 5, 6, 900] as const;
/** How long after it was made a book is seen, ms: mostly at once, else as old as it may be at most, or a little more or less. */
const DELAYS = [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 104, 105, 106] as const;
const FLAT = { positionSize: 0, entryPrice: 0 as Price, countedFillIds: [] };

/**
 * What the lanes of a unit ask risk, without strategies that decide what is asked: orders beside others at work, trades that win as often as they lose, answers of all kinds, and successors that go on from what was told,
 * far more often than worlds have them. Judged by what judges worlds (`risk-witness.ts`). Null: risk said what it had to; else the first time that it did not.
 */
export function runRiskScene(seed: number): string | null {
  return new RiskScene(createDice(seed ^ 0x715c5e)).run();
}

class RiskScene {
  readonly #dice: Dice;
  readonly #terms: RiskSceneTerms;
  #now: Now = { mono: 1e12 as MonoNanos, epoch: BEGAN as EpochMs };
  #lanes: readonly RiskSceneLane[] = [];
  #book: RiskBook;
  #witness: RiskWitness;
  readonly #prices = new Map<string, number>();
  /** Requests that nobody has answered yet. */
  #open: { readonly lane: RiskSceneLane; readonly id: ClientOrderId; readonly action: 'place' | 'amend' }[] = [];
  /** What the lanes last told of the heights of the day and of breakers, by name. */
  readonly #heights = new Map<string, NonNullable<LaneOpening['peak']>>();
  readonly #told = new Map<string, ToldBreakers>();
  #fence: string | null = null;
  #closed: string | null = null;
  #ids = 0;
  #epoch = 1;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#terms = riskSceneTerms(dice);
    this.#book = this.#createBook();
    this.#witness = this.#createWitness();
  }

  run(): string | null {
    const dice = this.#dice;
    const deeds = [
      () => this.#ask(),
      () => this.#ask(),
      () => this.#answer(),
      () => this.#answer(),
      () => this.#fill(),
      () => this.#fill(),
      () => this.#trade(),
      () => this.#trade(),
      () => this.#amend(),
      () => this.#endOne(),
      () => this.#look(dice.pick(this.#lanes)),
      () => this.#timers(),
      () => this.#rarely(),
    ];
    this.#begin(new Map());
    for (let step = 0; step < STEPS && this.#witness.check() === null; step += 1) {
      this.#wait(dice.pick(PAUSES));
      dice.pick(deeds)();
    }
    return this.#witness.check();
  }

  #createBook(): RiskBook {
    return new RiskBook(this.#terms.policy, this.#allotment());
  }

  #allotment() {
    const lanes = this.#terms.lanes.map(({ configuration }) => ({ ...SCENE_UNIT, symbol: configuration.symbol }));
    return allotmentOf(this.#terms.policy, lanes, SCENE_UNIT);
  }

  #createWitness(): RiskWitness {
    const scene = this;
    return new RiskWitness({
      runner: {
        get lanes() {
          return scene.#lanes;
        },
        status: () => ({ closed: this.#closed, fence: this.#fence }),
      },
      now: () => this.#now,
      policy: this.#terms.policy,
      allotment: this.#allotment(),
    });
  }

  /** An engine begins, from what its predecessor told: the profits of the day, its heights, and breakers that were not closed. */
  #begin(profits: ReadonlyMap<string, number>): void {
    this.#book = this.#createBook();
    this.#open = [];
    this.#lanes = this.#terms.lanes.map(
      ({ configuration, instrument }) => new RiskSceneLane(configuration, instrument, () => this.#nextId(), this.#book),
    );
    this.#witness = this.#createWitness();
    const told = [...this.#told.values()];
    for (const { name } of this.#lanes) {
      const kept = keptBreakers(name, told);
      if (kept.length === 0) continue;
      this.#witness.input('breakers', null, { lane: name, kept });
      this.#book.keepBreakers(name, kept, this.#now);
    }
    for (const lane of this.#lanes) {
      const peak = this.#heights.get(lane.name);
      const dailyProfit = profits.get(lane.name) ?? 0;
      const opening = { ...FLAT, dailyProfit, ...(peak === undefined ? {} : { peak }) };
      this.#give(lane, 'open', opening, () => lane.open(opening, this.#now));
      lane.gate.context.closed = null;
      lane.gate.context.fence = this.#fence;
    }
    this.#closed = null;
    for (const lane of this.#lanes) this.#look(lane);
    this.#timers();
  }

  #wait(ms: number): void {
    const { mono, epoch } = this.#now;
    this.#now = { mono: (mono + ms * 1e6) as MonoNanos, epoch: (epoch + ms) as EpochMs };
  }

  #nextId(): ClientOrderId {
    this.#ids += 1;
    return `own-${this.#ids}` as ClientOrderId;
  }

  /** The lane is shown a book, mostly a whole and young one: what comes before it is complete. */
  #look(lane: RiskSceneLane, ticks = this.#dice.whole(-60, 60)): void {
    const dice = this.#dice;
    const price = (this.#prices.get(lane.symbol) ?? SCENE_PRICE) + ticks;
    this.#prices.set(lane.symbol, price);
    const askPrice = price + dice.pick(SPREADS);
    const book = { valid: dice.chance(0.96), bidPrice: price as Price, askPrice: askPrice as Price };
    const exchangeTime = (this.#now.epoch - dice.pick(DELAYS)) as EpochMs;
    this.#witness.seen(lane.symbol, book, this.#now.mono, exchangeTime);
    lane.see(book, exchangeTime, this.#now);
  }

  /** An order of any kind, asked for on a book that was just shown. */
  #ask(): void {
    const dice = this.#dice;
    const lane = dice.pick(this.#lanes);
    this.#look(lane);
    const { size } = lane.position;
    if (size !== 0 && dice.chance(0.4)) this.#exit(lane, Math.abs(size) + dice.pick([0, 0, 0, 1]));
    else this.#submit(lane, dice.pick(['buy', 'sell']), 'entry', dice.pick(SCENE_SIZES), dice.chance(0.8));
  }

  #exit(lane: RiskSceneLane, size = Math.abs(lane.position.size)): void {
    this.#submit(lane, lane.position.size > 0 ? 'sell' : 'buy', 'takeProfit', size, false);
  }

  #submit(lane: RiskSceneLane, side: Side, purpose: OrderIntent['purpose'], size: number, limited: boolean): void {
    const price = limited ? (this.#price(lane) as Price) : null;
    const intent = lane.gate.intent(side, purpose, price, size as Size, 'gtc');
    this.#take(lane, () => lane.submit(intent, this.#now));
  }

  #price(lane: RiskSceneLane): number {
    return (
      (this.#prices.get(lane.symbol) ?? SCENE_PRICE) + (this.#dice.chance(0.05) ? 9_000 : this.#dice.whole(-25, 25))
    );
  }

  #answer(): void {
    const [request] = this.#open.splice(0, 1);
    if (request === undefined) return;
    const { lane, id, action } = request;
    const answer = this.#anyAnswer(id);
    this.#give(lane, 'answer', { clientOrderId: id, action, answer }, () => lane.answer(id, action, answer, this.#now));
  }

  #anyAnswer(id: string): OrderAnswer {
    const kind = this.#dice.pick(['accepted', 'accepted', 'accepted', 'accepted', 'rejected', 'retry', 'unknown']);
    if (kind === 'accepted') return { kind, venueOrderId: `v-${id}`, venueTime: null };
    if (kind === 'unknown') return { kind, cause: 'timeout', code: '', text: '' };
    return { kind: 'rejected', code: 'said', text: 'said', errorClass: kind === 'retry' ? 'retry' : 'reject' };
  }

  #alive(lane: RiskSceneLane): TrackedOrder[] {
    return lane.orders.followed().filter((order) => order.alive);
  }

  #any(): { readonly lane: RiskSceneLane; readonly order: TrackedOrder } | null {
    const all = this.#lanes.flatMap((lane) => this.#alive(lane).map((order) => ({ lane, order })));
    return all.length === 0 ? null : this.#dice.pick(all);
  }

  #fill(): void {
    const any = this.#any();
    if (any !== null) this.#fillOne(any.lane, any.order, this.#dice.chance(0.6));
  }

  /** What fills fills whole, or in part; an exit no more than is held. */
  #fillOne(lane: RiskSceneLane, order: TrackedOrder, whole: boolean): void {
    const { side, reduceOnly, clientOrderId } = order.intent;
    const held = side === 'sell' ? lane.position.size : -lane.position.size;
    const most = reduceOnly ? Math.min(order.openSize, held) : order.openSize;
    const size = whole ? most : Math.floor(most / 2);
    if (size <= 0) return;
    this.#ids += 1;
    const fill: FillReport = {
      kind: 'fill',
      source: 'accountStream',
      symbol: lane.symbol,
      fillId: `fill-${this.#ids}`,
      clientOrderId,
      venueOrderId: `v-${clientOrderId}`,
      side,
      price: formatScaled(this.#prices.get(lane.symbol) ?? SCENE_PRICE, lane.instrument.priceScale),
      size: formatScaled(size, lane.instrument.sizeScale),
      fee: FEE,
      feeCurrency: 'USDT',
      liquidity: 'taker',
      cause: 'trade',
      venueTime: this.#now.epoch,
    };
    this.#hear(lane, fill);
  }

  /** The venue cancels what works, also what nobody knew to work. */
  #end(lane: RiskSceneLane, order: TrackedOrder): void {
    const { side, reduceOnly, clientOrderId, price } = order.intent;
    const { priceScale, sizeScale } = lane.instrument;
    const report: OrderReport = {
      kind: 'orderReport',
      source: 'accountStream',
      symbol: lane.symbol,
      clientOrderId,
      venueOrderId: `v-${clientOrderId}`,
      status: 'canceled',
      side,
      price: price === null ? null : formatScaled(price, priceScale),
      size: formatScaled(order.size, sizeScale),
      cumulativeSize: formatScaled(order.filledSize, sizeScale),
      reduceOnly,
      reason: 'said',
      venueTime: this.#now.epoch,
    };
    this.#hear(lane, report);
  }

  #endOne(): void {
    const any = this.#any();
    if (any !== null) this.#end(any.lane, any.order);
  }

  #hear(lane: RiskSceneLane, report: OrderReport | FillReport): void {
    this.#give(lane, 'accountReport', report, () => lane.hear(report, this.#now));
  }

  /** New terms of an order that rests. */
  #amend(): void {
    const any = this.#any();
    if (any === null) return;
    const { lane, order } = any;
    this.#look(lane);
    const size = this.#dice.pick(SCENE_SIZES);
    if (order.intent.reduceOnly || order.intent.price === null || !lane.desk.canAmend(order, size)) return;
    const price = this.#price(lane) as Price;
    this.#take(lane, () => lane.amend(order, price, size as Size, this.#now));
  }

  /** Nothing works any more, and nothing is held. */
  #rest(lane: RiskSceneLane): void {
    for (const order of this.#alive(lane)) this.#end(lane, order);
    if (lane.flat) return;
    this.#look(lane);
    this.#exit(lane);
    for (const order of this.#alive(lane)) this.#fillOne(lane, order, true);
  }

  /** A whole trade, won or lost. */
  #trade(): void {
    const dice = this.#dice;
    const lane = dice.pick(this.#lanes);
    this.#rest(lane);
    this.#look(lane);
    const side = dice.pick(['buy', 'sell'] as const);
    this.#submit(lane, side, 'entry', dice.pick(SCENE_SIZES), false);
    for (const order of this.#alive(lane)) this.#fillOne(lane, order, true);
    this.#wait(dice.pick(PAUSES));
    const gain = dice.chance(0.55) ? dice.whole(20, 300) : -dice.whole(1, 300);
    this.#look(lane, side === 'buy' ? gain : -gain);
    this.#timers();
    this.#rest(lane);
  }

  #timers(): void {
    for (const lane of this.#lanes) this.#give(lane, 'timer', null, () => lane.timer(this.#now));
  }

  #rarely(): void {
    const dice = this.#dice;
    const deed = dice.pick(['takeover', 'takeover', 'takeover', 'gates', 'balance', 'wish'] as const);
    if (deed === 'takeover') this.#takeOver();
    else if (deed === 'balance') this.#balance();
    else if (deed === 'wish') this.#wish();
    else {
      this.#fence = this.#fence === null && dice.chance(0.3) ? 'the stream is absent' : null;
      this.#closed = this.#closed === null && dice.chance(0.2) ? 'the lease ends too soon' : null;
      for (const { gate } of this.#lanes) Object.assign(gate.context, { fence: this.#fence, closed: this.#closed });
    }
  }

  /** People freeze a symbol or let nothing but exits pass, and take it back. */
  #wish(): void {
    const dice = this.#dice;
    const wish = dice.chance(0.3) ? 'reduce' : 'run';
    const frozenSymbols = dice.chance(0.3) ? [dice.pick(this.#lanes).symbol] : [];
    this.#witness.input('desired', null, { wish, frozenSymbols });
    for (const { gate, symbol } of this.#lanes) {
      gate.context.entriesPaused = wish === 'run' ? null : 'reduce: said';
      gate.context.frozen = frozenSymbols.includes(symbol);
    }
  }

  #balance(): void {
    const availableBalance = this.#dice.chance(0.2) ? null : String(this.#dice.whole(100, 2_000));
    const report = {
      kind: 'balance',
      source: 'accountStream',
      currency: 'USDT',
      walletBalance: '5000',
      availableBalance,
      venueTime: this.#now.epoch,
    } as const;
    this.#witness.input('accountReport', null, report);
    takeBalance(this.#book, report);
  }

  /** A successor goes on where this one came to rest. */
  #takeOver(): void {
    for (const lane of this.#lanes) this.#rest(lane);
    if (this.#witness.check() !== null || this.#lanes.some((lane) => !lane.flat || !lane.orders.quiet)) return;
    const profits = new Map(this.#lanes.map((lane) => [lane.name, lane.dailyProfit()]));
    this.#wait(this.#dice.pick(PAUSES));
    this.#epoch += 1;
    this.#begin(profits);
  }

  /** One input of a lane, which the witness hears of first. */
  #give(lane: RiskSceneLane, kind: string, body: unknown, take: () => void): void {
    this.#witness.input(kind, lane.name, body);
    this.#take(lane, take);
  }

  #take(lane: RiskSceneLane, take: () => void): void {
    take();
    for (const effect of lane.effects.splice(0)) {
      if (effect.kind === 'place') this.#open.push({ lane, id: effect.intent.clientOrderId, action: 'place' });
      else if (effect.kind === 'amend') this.#open.push({ lane, id: effect.target.clientOrderId, action: 'amend' });
      if (effect.kind !== 'event') continue;
      const { note } = effect;
      this.#witness.told(note);
      if (note.type === 'profit.peak') {
        const { day, peak, unitPeak } = note.body;
        const unit = unitPeak === undefined ? null : Number(unitPeak);
        this.#heights.set(lane.name, { day, lane: Number(peak), unit });
      } else if (note.type === 'risk.breakers') {
        const { open } = note.body;
        this.#told.set(lane.name, { lane: lane.name, epoch: this.#epoch, time: this.#now.epoch, open });
      }
    }
  }
}
