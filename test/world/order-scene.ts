import type { OrderDecision } from '#core/control/order-decision.ts';
import { LaneOutbox } from '#core/lanes/lane-outbox.ts';
import type { Now } from '#core/lanes/now.ts';
import { OrderDesk } from '#core/lanes/order-desk.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, FillReport, OrderReport } from '#core/orders/order.ts';
import { TrackedOrder } from '#core/orders/tracked-order.ts';
import { trackUnfound } from '#core/orders/unfound-order.ts';
import type { OrderAction, OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createDice, type Dice } from '#simulation/world/dice.ts';
import { anyIntent, anyUnfound, PRICES, SIZES } from './any-order.ts';
import { manyOf, SayingVenue } from './saying-venue.ts';
import { ToldDesk } from './told-desk.ts';

const LANE = 'lane-1';
const OWN_PREFIX = 'own-';
const BEGAN = 1_748_736_000_000;
const STEPS = 300;
const MOST_ORDERS = 30;
/** So many times in a row nothing must be found of an order, which is asked about so often, ms. */
const ABSENCES = 3;
const ASKED_AGAIN_MS = 1_050;
/** How long nothing happens between two things, ms. */
const PAUSES = [1, 20, 500, 1_200, 2_500, 4_000] as const;

type Request = { readonly id: ClientOrderId; readonly action: OrderAction };
type Input = readonly [kind: string, body: unknown, take: () => void];

/**
 * The order desk of one lane against a venue that says anything of its orders, in any order and as often as it likes, and people who do the same. No real venue is so: what its falsehoods lead to is judged by
 * what was said alone (`told-desk.ts`), so that each row of the order table is come by in some of a thousand of these. Null: everything follows from what was said; else the first thing that does not.
 */
export function runOrderScene(seed: number): string | null {
  return new OrderScene(createDice(seed)).run();
}

class OrderScene {
  readonly #dice: Dice;
  readonly #outbox = new LaneOutbox();
  readonly #instrument = builtInInstruments('bybit-linear')[0] ?? missing();
  readonly #desk = new OrderDesk(LANE, this.#instrument, this.#outbox);
  readonly #told: ToldDesk;
  readonly #venue: SayingVenue;
  /** Requests that nobody has answered yet. */
  readonly #open: Request[] = [];
  /** Questions about an order that nobody has answered yet. */
  readonly #asked: ClientOrderId[] = [];
  #now: Now = { mono: 1e12 as MonoNanos, epoch: BEGAN as EpochMs };
  #placed = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#venue = new SayingVenue(dice, this.#instrument);
    const desk = this.#desk;
    this.#told = new ToldDesk({
      name: LANE,
      instrument: this.#instrument,
      orders: desk.orders,
      position: desk.position,
      get refusedTransitions() {
        return desk.refusedTransitions;
      },
    });
  }

  run(): string | null {
    const desk = this.#desk;
    const dice = this.#dice;
    const opening = {
      positionSize: 0,
      entryPrice: 0 as Price,
      countedFillIds: [],
      dailyProfit: 0,
      ownPrefix: OWN_PREFIX,
    };
    this.#give(['open', opening, () => desk.open(opening)]);
    // Each scene has things that happen often in it, and things that do not happen.
    const often = [() => this.#begin(), () => this.#answer(), ...manyOf(this.#deeds(), dice)];
    this.#begin();
    for (let step = 0; step < STEPS && this.#told.fault === null; step += 1) {
      this.#wait(dice.pick(PAUSES));
      dice.pick(often)();
    }
    return this.#told.fault;
  }

  #deeds(): readonly (() => void)[] {
    return [
      () => this.#haste(),
      () => this.#haste(),
      () => this.#overtake(),
      () => this.#vanish(),
      () => this.#report(),
      () => this.#fill(),
      () => this.#resolve(),
      () => this.#list(),
      () => this.#timer(),
      () => this.#cancel(),
      () => this.#amend(),
      () => this.#decide(),
    ];
  }

  #wait(ms: number): void {
    const { mono, epoch } = this.#now;
    this.#now = { mono: (mono + ms * 1e6) as MonoNanos, epoch: (epoch + ms) as EpochMs };
    this.#venue.now = this.#now.epoch;
  }

  /** An order is sent, works, and is to be another one at once, or to be gone, before anything was answered. */
  #haste(): void {
    const before = this.#placed;
    this.#begin();
    const order = this.#venue.any();
    if (order === null || this.#placed === before) return;
    this.#hear({ ...this.#venue.report(order), status: 'accepted' });
    if (this.#dice.chance(0.7)) this.#amend();
    else this.#cancel();
  }

  /** The venue refuses what it has taken while its amendment is under way, says that it works, and only then what became of the amendment. */
  #overtake(): void {
    while (this.#open.length > 0) this.#answer();
    this.#haste();
    const [placing, amending] = this.#open.splice(0);
    const order = this.#venue.any();
    if (placing === undefined || order === null) return;
    this.#answered(placing, { kind: 'rejected', code: 'said', text: 'said', errorClass: 'reject' });
    this.#hear({ ...this.#venue.report(order), status: 'accepted' });
    if (amending !== undefined) this.#answered(amending, this.#venue.answer(amending.id));
  }

  /** An order is sent, nobody can say what became of it, and it is asked about as soon as may be. */
  #vanish(): void {
    this.#begin();
    while (this.#open.length > 0) this.#answer();
    for (let time = 0; time < ABSENCES; time += 1) {
      this.#wait(ASKED_AGAIN_MS);
      this.#timer();
      while (this.#asked.length > 0) this.#resolve();
    }
  }

  /** An order that the lane sends, one that a predecessor did, or one of somebody else's. */
  #begin(): void {
    const dice = this.#dice;
    const now = this.#now;
    if (this.#placed >= MOST_ORDERS) return;
    this.#placed += 1;
    const intent = anyIntent(`${OWN_PREFIX}${this.#placed}` as ClientOrderId, this.#instrument, dice);
    const order = this.#venue.knows(intent);
    const kind = dice.pick(['sent', 'sent', 'sent', 'adopted', 'unfound', 'foreign'] as const);
    if (kind === 'sent') {
      this.#give(['', null, () => this.#desk.place(intent, null, now)]);
    } else if (kind === 'adopted') {
      const report = this.#venue.report(order, true);
      const adopted = new TrackedOrder(intent);
      adopted.step('submit', now.mono, []);
      this.#give(['adopt', { intent, report }, () => this.#desk.adopt(adopted, report, now)]);
    } else if (kind === 'unfound') {
      const unfound = anyUnfound(intent, now.epoch, dice);
      this.#give(['unfound', unfound, () => this.#desk.adopt(trackUnfound(unfound, now), null, now)]);
    } else {
      order.clientOrderId = null;
      this.#hear(this.#venue.report(order));
    }
  }

  #answer(): void {
    // Mostly in the order in which they were sent.
    const [request] = this.#open.splice(this.#dice.chance(0.7) ? 0 : this.#dice.whole(0, this.#open.length), 1);
    if (request !== undefined) this.#answered(request, this.#venue.answer(request.id));
  }

  #answered({ id: clientOrderId, action }: Request, answer: OrderAnswer): void {
    this.#give([
      'answer',
      { clientOrderId, action, answer },
      () => this.#desk.answer(clientOrderId, action, answer, this.#now),
    ]);
  }

  #report(): void {
    const order = this.#venue.any();
    if (order !== null) this.#hear(this.#venue.report(order));
  }

  #fill(): void {
    const order = this.#venue.any();
    if (order !== null) this.#hear(this.#venue.fill(order));
  }

  #hear(report: OrderReport | FillReport): void {
    const take =
      report.kind === 'fill' ? () => this.#desk.fill(report, this.#now) : () => this.#desk.report(report, this.#now);
    this.#give(['accountReport', report, take]);
  }

  /** Answers a question that was asked about an order. */
  #resolve(): void {
    const id = this.#asked.shift();
    const order = id === undefined ? null : this.#venue.order(id);
    if (id === undefined) return;
    const resolution = this.#venue.resolution(order, this.#desk.position.text);
    this.#give(['resolution', { clientOrderId: id, resolution }, () => this.#desk.resolved(id, resolution, this.#now)]);
  }

  /** The venue's list of open orders, with executions. */
  #list(): void {
    const openOrders = this.#venue
      .orders()
      .flatMap((order) => (this.#dice.chance(0.6) ? [this.#venue.report(order, true)] : []));
    const order = this.#venue.any();
    const fills = order !== null && this.#dice.chance(0.2) ? [this.#venue.fill(order, 'query')] : [];
    const now = this.#now;
    this.#give([
      'verification',
      { kind: 'complete', activity: 0, openOrders, fills, position: null },
      () => {
        for (const fill of fills) this.#desk.fill(fill, now);
        this.#desk.compareOpenOrders(openOrders, now);
      },
    ]);
  }

  #timer(): void {
    this.#give(['timer', null, () => this.#desk.timer(1e9, this.#now)]);
  }

  #cancel(): void {
    const order = this.#own();
    if (order !== null) this.#give(['', null, () => this.#desk.cancel(order, this.#now)]);
  }

  #amend(): void {
    const order = this.#own();
    const size = this.#dice.pick(SIZES);
    if (order === null || !this.#desk.canAmend(order, size)) return;
    const price = this.#dice.pick(PRICES) as Price;
    this.#give(['', null, () => this.#desk.amend(order, price, size as Size, this.#now)]);
    this.#venue.amends(order.intent.clientOrderId, price, size);
  }

  #own(): TrackedOrder | null {
    const order = this.#venue.any();
    return order === null ? null : this.#desk.orders.get(order.id);
  }

  /** A person says what became of an order, whatever that is. */
  #decide(): void {
    const dice = this.#dice;
    const order = this.#own();
    if (order === null) return;
    const decision: OrderDecision = {
      id: `decision-${this.#now.epoch}`,
      clientOrderId: order.intent.clientOrderId,
      outcome: dice.pick(['Filled', 'Canceled', 'Rejected', 'Expired']),
      who: dice.chance(0.9) ? 'person' : '',
      note: dice.chance(0.9) ? 'seen' : '',
      at: this.#now.epoch - dice.pick([0, 0, 10, 3_000]),
    };
    this.#give([
      'desired',
      { decisions: [decision] },
      () => {
        this.#desk.decide(decision, this.#now);
      },
    ]);
  }

  /** One input: it is heard of, taken, and what it led to is held against what was heard. */
  #give([kind, body, take]: Input): void {
    const { effects } = this.#outbox;
    this.#told.hear(kind, body, this.#now);
    take();
    this.#told.effects(effects, this.#now);
    for (const effect of effects) {
      if (effect.kind === 'place') this.#open.push({ id: effect.intent.clientOrderId, action: 'place' });
      else if (effect.kind === 'cancel' || effect.kind === 'amend')
        this.#open.push({ id: effect.target.clientOrderId, action: effect.kind });
      else if (effect.kind === 'resolve') this.#asked.push(effect.target.clientOrderId);
    }
    effects.length = 0;
    this.#told.check();
  }
}

function missing(): never {
  throw new Error('there is no instrument');
}
