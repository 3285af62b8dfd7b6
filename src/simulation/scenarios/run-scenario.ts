import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { SimulatedVenue } from '../protocol/simulated-venue.ts';
import type { OneShotFault, VenueFaults } from '../protocol/venue-faults.ts';
import type { BotAct } from './bot-act.ts';
import type { BotWatch } from './bot-watch.ts';
import { type JudgedScenario, notJudged, type Stage, type Truth, type Verdict } from './scenario.ts';

const LOOK_MS = 20;
/** What the crowd can pay, of every currency. */
const CROWD_MONEY = '1000000';
const CROWD = 'crowd';

export interface ScenarioWorld {
  readonly venue: SimulatedVenue;
  readonly exchange: SimulatedExchange;
  readonly account: string;
  readonly watch: BotWatch;
  /** Of the watch's acts; monotonic milliseconds. */
  readonly nowMs: () => number;
}

export interface ScenarioRun {
  /** How long the fault is waited for. */
  readonly patienceMs: number;
  readonly onStruck?: () => void;
  readonly signal?: AbortSignal;
}

/** Stages one scenario for the bot that is connected; ends with a verdict, and with every switch of the venue back where it was. */
export async function runScenario(scenario: JudgedScenario, world: ScenarioWorld, run: ScenarioRun): Promise<Verdict> {
  const { venue, exchange, account, watch, nowMs } = world;
  const armed = new Map<OneShotFault, number>();
  const endings: (() => void)[] = [];
  let over = false;
  let strike: { readonly subject: SimulatedOrder | null; readonly index: number; readonly at: number } | null = null;
  // Acts of this scenario; the watch keeps those of all.
  const before: readonly BotAct[] = [...watch.acts];
  const acts: BotAct[] = [];
  endings.push(watch.onAct((act) => acts.push(act)));

  const stage: Stage = {
    venue,
    exchange,
    account,
    acts: watch.acts,
    arm(fault, times = 1) {
      armed.set(fault, (armed.get(fault) ?? 0) + times);
      venue.faults.arm(fault, times);
    },
    disarm: () => takeBack(venue.faults, armed),
    onAct(listener) {
      endings.push(
        watch.onAct((act) => {
          if (!over) listener(act);
        }),
      );
    },
    later(task, delayMs = 0) {
      const handle = setTimeout(() => {
        if (!over) task();
      }, delayMs);
      endings.push(() => clearTimeout(handle));
    },
    atEnd: (task) => endings.push(task),
    strike(subject, after) {
      if (strike !== null || over) return;
      const index = after === undefined ? acts.length : acts.indexOf(after) + 1;
      strike = { subject, index, at: nowMs() };
      run.onStruck?.();
    },
    get struck() {
      return strike !== null;
    },
    crowd: () => openCrowd(exchange, account),
  };

  function truthOf(struck: NonNullable<typeof strike>): Truth {
    const elapsedMs = nowMs() - struck.at;
    return {
      subject: struck.subject,
      acts: acts.slice(struck.index),
      before: [...before, ...acts.slice(0, struck.index)],
      struckAt: struck.at,
      elapsedMs,
      over: elapsedMs >= scenario.watchMs,
      exchange,
      account,
    };
  }

  try {
    scenario.arm(stage);
    const deadline = nowMs() + run.patienceMs;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (run.signal?.aborted === true) return notJudged('the run was ended');
      if (strike === null) {
        if (nowMs() > deadline) return notJudged(whyNot(scenario, watch, Math.round(run.patienceMs / 1_000)));
        continue;
      }
      const truth = truthOf(strike);
      const verdict = scenario.judge(truth);
      if (verdict !== null) return verdict;
      if (truth.over) return notJudged('what the bot did decides nothing');
    }
  } finally {
    over = true;
    takeBack(venue.faults, armed);
    for (const end of endings.splice(0).reverse()) end();
  }
}

/** Takes what has not happened out of the switchboard. */
function takeBack(faults: VenueFaults, armed: Map<OneShotFault, number>): void {
  for (const fault of armed.keys()) while (faults.armed(fault) > 0) faults.take(fault);
  armed.clear();
}

function whyNot({ given }: JudgedScenario, watch: BotWatch, seconds: number): string {
  if (!watch.connected('market') && !watch.connected('private')) return `no bot was connected within ${seconds} s`;
  const traded = watch.acts.some((act) => act.kind === 'order');
  return traded
    ? `within ${seconds} s it never came to what is given: ${given}`
    : `the bot placed no order within ${seconds} s`;
}

const crowded = new WeakSet<SimulatedExchange>();

function openCrowd(exchange: SimulatedExchange, account: string): string {
  if (crowded.has(exchange)) return CROWD;
  crowded.add(exchange);
  const currencies = new Set(exchange.balances(account).map(({ currency }) => currency));
  for (const { settlementCurrency, baseCurrency, kind } of exchange.instruments) {
    currencies.add(settlementCurrency);
    if (kind === 'spot') currencies.add(baseCurrency);
  }
  exchange.openAccount(CROWD, new Map([...currencies].map((currency) => [currency, CROWD_MONEY])), 1);
  return CROWD;
}
