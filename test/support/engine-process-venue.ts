import { randomBytes } from 'node:crypto';
import { type UnitId, unitId } from '#core/control/unit.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { canonicalDecimal, formatScaled, type Size } from '#core/market/scaled-decimal.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { channelsOf, LOCAL_ACCOUNT, type TradedMarket } from '#local/start/run-configuration.ts';
import { deferSource } from '#simulation/deferred-source.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { createExchangeClock } from '#simulation/exchange/exchange-clock.ts';
import type { ExchangeSettings } from '#simulation/exchange/exchange-settings.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import type { SimulatedExchange, SimulatedOrder } from '#simulation/exchange/simulated-exchange.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from '#simulation/exchange-terms.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import {
  createGeneratedMarket,
  DEFAULT_GENERATED_MARKET,
  type GeneratedMarketSettings,
  startPriceOf,
} from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { type BotWatch, createBotWatch } from '#simulation/scenarios/bot-watch.ts';
import { runScenario } from '#simulation/scenarios/run-scenario.ts';
import type { Verdict } from '#simulation/scenarios/scenario.ts';
import { scenarios } from '#simulation/scenarios/scenarios.ts';

export interface ProcessVenueOptions {
  readonly venue: VenueId;
  /** How many of the built-in instruments are traded; default 1. */
  readonly symbols?: number;
  /** Traded instead of the built-in ones. */
  readonly instruments?: readonly Instrument[];
  readonly seed?: number;
  /** How many times faster the market runs; stamps and signatures keep real time. Default 1. */
  readonly speed?: number;
  readonly market?: Partial<GeneratedMarketSettings>;
  readonly exchange?: Partial<ExchangeSettings>;
}

/** A protocol server in the test's own process: the test scripts its faults and reads its truth, engines come to it over loopback. */
export interface ProcessVenue extends TradedMarket {
  readonly unit: UnitId;
  readonly server: SimulatedVenue;
  readonly exchange: SimulatedExchange;
  readonly account: string;
  readonly keys: { readonly key: string; readonly secret: string };
  /** Everything that the venue saw. */
  readonly watch: BotWatch;
  /** Monotonic milliseconds, of the watch's acts. */
  nowMs(): number;
  /** Ids of all fills as the protocol tells them. */
  fillIds(): readonly string[];
  /** Signed decimal text; of spot what the account holds of the base asset. */
  position(symbol: string): string;
  /** An order by hand, as on the venue's own page. Says whether it traded. */
  trade(symbol: string, side: 'buy' | 'sell', size: number, reduceOnly?: boolean): boolean;
  /** Others trade against a resting order until nothing of it is left. Says whether it was filled. */
  fill(order: SimulatedOrder): boolean;
  /** Stages a scenario of the fault venue for whoever trades. */
  judge(id: string, patienceMs?: number, onStruck?: () => void): Promise<Verdict>;
  /** The market stands still; questions are still answered. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

const OTHERS = 'others';
/** What the others can pay, of every currency. */
const OTHERS_MONEY = '100000000';
const DEEP = 200;
const SWEEPS = 20;

export async function openProcessVenue(options: ProcessVenueOptions): Promise<ProcessVenue> {
  const id = options.venue;
  const instruments =
    options.instruments ??
    builtInInstruments(id)
      .filter((each) => each.tradable)
      .slice(0, options.symbols ?? 1);
  const terms = { ...DEFAULT_GENERATED_MARKET, ...options.market };
  const symbols = instruments.map((instrument) => ({ instrument, price: startPriceOf(instrument, terms) }));
  const source = deferSource(createGeneratedMarket(instruments, options.seed ?? 3, options.market), options.speed ?? 1);
  source.start(0);
  const exchange = createSimulatedExchange({
    instruments,
    source,
    clockStart: systemClock.epochMs(),
    settings: { ...exchangeSettingsFor(id, instruments), ...options.exchange },
  });
  exchange.openAccount(LOCAL_ACCOUNT, depositsFor(symbols), leverageFor(symbols));
  const currencies = instruments.flatMap((each) =>
    each.kind === 'spot' ? [each.settlementCurrency, each.baseCurrency] : [each.settlementCurrency],
  );
  exchange.openAccount(OTHERS, new Map(currencies.map((currency) => [currency, OTHERS_MONEY])), 1);
  const keys = { key: randomBytes(16).toString('hex'), secret: randomBytes(32).toString('hex') };
  const nowMs = () => performance.now();
  const watch = createBotWatch(id, nowMs);
  const server = await VENUE_SERVERS[id].create({
    exchange,
    keys: createApiKeyRing([{ ...keys, accountId: LOCAL_ACCOUNT }]),
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
    traffic: watch.traffic,
  });
  const unfollow = watch.follow(exchange, LOCAL_ACCOUNT);
  const exchangeClock = createExchangeClock({ exchange, source, speed: 1, clock: systemClock });
  exchangeClock.start();

  const instrumentOf = (symbol: string): Instrument => {
    const found = instruments.find((each) => each.symbol === symbol);
    if (found === undefined) throw new Error(`${id} has no ${symbol} here`);
    return found;
  };

  return {
    venue: id,
    symbols,
    channels: channelsOf(id),
    unit: unitId({ account: LOCAL_ACCOUNT, mode: 'paper', venue: id }),
    server,
    exchange,
    account: LOCAL_ACCOUNT,
    keys,
    watch,
    nowMs,
    fillIds() {
      const { fillIdAsTold, fillIdsAsTold } = VENUE_SERVERS[id];
      const fills = exchange.fills(LOCAL_ACCOUNT, null);
      return fillIdsAsTold?.(fills, exchange.instruments) ?? fills.map((fill) => fillIdAsTold(fill.fillId));
    },
    position(symbol) {
      const { kind, baseCurrency, sizeScale } = instrumentOf(symbol);
      if (kind === 'spot') {
        const held = exchange.balances(LOCAL_ACCOUNT).find((each) => each.currency === baseCurrency);
        return canonicalDecimal(held?.walletBalance ?? '0');
      }
      return formatScaled(
        exchange.positions(LOCAL_ACCOUNT).find((each) => each.symbol === symbol)?.size ?? 0,
        sizeScale,
      );
    },
    trade(symbol, side, size, reduceOnly = false) {
      const outcome = exchange.place(LOCAL_ACCOUNT, marketOrder({ symbol, side, size: size as Size, reduceOnly }));
      return outcome.kind === 'accepted' && outcome.order.cumulativeSize > 0;
    },
    fill({ orderId, symbol, side, price }) {
      const target = { orderId, clientOrderId: null };
      const { lotSize, maxSize } = instrumentOf(symbol);
      for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
        const now = exchange.order(LOCAL_ACCOUNT, target);
        if (now === null || price === null || (now.status !== 'open' && now.status !== 'partiallyFilled')) break;
        const levels = exchange.book(symbol, DEEP)[side === 'buy' ? 'bids' : 'asks'];
        const ahead = levels.filter(([level]) => (side === 'buy' ? level >= price : level <= price));
        const size = ahead.reduce((sum, [, each]) => sum + each, now.size - now.cumulativeSize);
        exchange.place(OTHERS, {
          clientOrderId: null,
          symbol,
          side: side === 'buy' ? 'sell' : 'buy',
          type: 'limit',
          timeInForce: 'ioc',
          price,
          triggerPrice: null,
          size: Math.min(Math.ceil(size / lotSize) * lotSize, maxSize) as Size,
          reduceOnly: false,
        });
      }
      return exchange.order(LOCAL_ACCOUNT, target)?.status === 'filled';
    },
    judge(scenarioId, patienceMs = 60_000, onStruck = () => undefined) {
      const scenario = scenarios.find((each) => each.id === scenarioId);
      if (scenario === undefined || 'notJudged' in scenario) throw new Error(`${scenarioId} is not judged`);
      const judged = { venue: server, exchange, account: LOCAL_ACCOUNT, watch, nowMs };
      return runScenario(scenario, judged, { patienceMs, onStruck });
    },
    pause: () => exchangeClock.pause(),
    resume: () => exchangeClock.resume(),
    async close() {
      exchangeClock.stop();
      unfollow();
      await server.close();
    },
  };
}
