import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { createConfigurationSource } from '#aws/configuration-source.ts';
import type { LoadedConfiguration, RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { systemTimers } from '#core/time/system-clock.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

const VENUE = 'binance-usdm';
const MAIN = `paper/main/${VENUE}`;
const SPARE = `paper/spare/${VENUE}`;

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const unit = (of: EngineWorld, id: string) => of.engine.units().find((each) => each.unit === id);
const trading = (of: EngineWorld, id: string) => unit(of, id)?.closed === null && unit(of, id)?.fence === null;
const health = (of: EngineWorld, part: string) => of.engine.health().parts[part];

/** The first symbol on the venue's own feed, traded by `main`; the second on a feed of its own, traded by `spare`. */
function split(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const [account] = configuration.accounts;
  const [first, second] = configuration.lanes;
  const [feed] = configuration.feeds;
  if (account === undefined || first === undefined || second === undefined || feed === undefined)
    throw new Error('few');
  return {
    ...configuration,
    accounts: [account, { ...account, name: 'spare' }],
    lanes: [first, { ...second, account: 'spare' }],
    feeds: [
      { ...feed, symbols: [first.symbol] },
      { ...feed, name: 'second', symbols: [second.symbol] },
    ],
  };
}

/** What `split` has, without what `spare` trades. */
function alone(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const whole = split(configuration);
  return {
    ...whole,
    accounts: whole.accounts.slice(0, 1),
    lanes: whole.lanes.slice(0, 1),
    feeds: whole.feeds.slice(0, 1),
  };
}

/** As `split`, with the symbols of the two feeds exchanged: each unit goes to the other feed. */
function exchanged(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const whole = split(configuration);
  const [one, two] = whole.feeds;
  if (one === undefined || two === undefined) throw new Error('few');
  return {
    ...whole,
    feeds: [
      { ...one, symbols: two.symbols },
      { ...two, symbols: one.symbols },
    ],
  };
}

async function opened(change: (configuration: RuntimeConfiguration) => RuntimeConfiguration): Promise<EngineWorld> {
  world = await openEngineWorld({ venue: VENUE, symbols: 2, change });
  return world;
}

const inForce = (of: EngineWorld, next: LoadedConfiguration) =>
  expect(health(of, 'configuration')).toEqual({ ok: true, state: next.hash });

describe('what is held changes with the configuration while an engine trades', () => {
  it('R3, T7: an account, its unit and its feed are added, and taken away again at rest, while the others go on', async () => {
    const here = await opened(alone);
    await here.until('it trades', () => trading(here, MAIN));
    const before = here.engine.feeds()[0]?.books[0]?.messages ?? 0;

    const more = here.configured(split);
    await here.engine.reconfigure(more);
    inForce(here, more);
    await here.until('the new unit trades', () => trading(here, SPARE));
    const symbol = unit(here, SPARE)?.lanes[0]?.symbol;
    await here.until(
      'the new unit sends an order',
      () => here.publisher.told('order.intended').some((event) => event.unit === SPARE),
      20_000,
    );

    const fewer = here.configured(alone);
    await here.engine.reconfigure(fewer);
    inForce(here, fewer);
    expect(here.engine.units().map((each) => each.unit)).toEqual([MAIN]);
    expect(health(here, 'feed/second')).toBeUndefined();
    const working = here.exchange.orders('main', null).filter((order) => order.symbol === symbol);
    expect(working.filter(({ status }) => status === 'open' || status === 'partiallyFilled')).toEqual([]);
    const closed = here.publisher.told('feed.closed').filter((event) => event.body.connection.includes('/second/'));
    expect(closed.length).toBeGreaterThan(0);
    for (const { body } of closed) expect(body.received).toBe(body.published + body.shed);
    // Nothing of this was felt by the unit that stayed.
    expect(trading(here, MAIN)).toBe(true);
    expect(here.engine.feeds()[0]?.books[0]?.messages).toBeGreaterThan(before);
    expect(here.publisher.told('feed.gap').filter((event) => event.body.connection.includes(`/${VENUE}/`))).toEqual([]);
  }, 60_000);

  it.each(['a changed file', 'SIGHUP', 'a changed parameter'])(
    'R3, R11: %s adds an account with its feed and unit, and takes them away',
    async (way) => {
      const here = await opened(alone);
      const folder = mkdtempSync(path.join(tmpdir(), 'millrace-configuration-'));
      const file = path.join(folder, 'configuration.json');
      const textOf = (change: typeof split) => JSON.stringify(here.configured(change).configuration);
      let parameter = textOf(alone);
      const ssm = mockClient(SSMClient);
      ssm.on(GetParameterCommand).callsFake(() => ({ Parameter: { Value: parameter } }));
      const put = (text: string) => {
        parameter = text;
        writeFileSync(file, text);
      };
      put(textOf(alone));
      const source = createConfigurationSource({
        location: way === 'a changed file' ? file : 'ssm:/millrace/test/configuration',
        ssm: new SSMClient({}),
        timers: systemTimers,
        pollMs: way === 'a changed parameter' ? 100 : 3_600_000,
        onChange: (next) => void here.engine.reconfigure(next),
      });
      try {
        await source.start();
        await here.until('it trades', () => trading(here, MAIN));
        put(textOf(split));
        // What the engine's handler of the signal does.
        if (way === 'SIGHUP') await source.reload();
        await here.until('the new unit trades', () => trading(here, SPARE));
        put(textOf(alone));
        if (way === 'SIGHUP') await source.reload();
        await here.until('it is gone', () => unit(here, SPARE) === undefined);
        await here.until('and its feed with it', () => health(here, 'feed/second') === undefined);
        expect(trading(here, MAIN)).toBe(true);
      } finally {
        source.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );

  it('R3: units whose symbol moves to another feed go there, and come to rest before', async () => {
    const here = await opened(split);
    await here.until('both trade', () => trading(here, MAIN) && trading(here, SPARE));
    const next = here.configured(exchanged);
    await here.engine.reconfigure(next);
    inForce(here, next);
    await here.until('both trade again', () => trading(here, MAIN) && trading(here, SPARE), 20_000);
    expect(here.engine.feeds().map((feed) => feed.books.map((book) => book.symbol))).toEqual(
      next.configuration.feeds.map((feed) => feed.symbols),
    );
    // Two feeds of one venue never tell under one identity.
    const ids = here.publisher.events.map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
  }, 60_000);

  it('R1, G9, R14: keys rotated to wrong ones and back: no frame is missed, no order is lost, and it trades again by itself', async () => {
    const here = await opened(alone);
    await here.until('it trades', () => trading(here, MAIN));
    const submitted = () => here.publisher.told('order.state').filter((event) => event.body.to === 'Submitted');
    const accepted = () => here.publisher.told('order.state').filter((event) => event.body.to === 'Accepted').length;
    await here.until('an order is accepted', () => accepted() > 0, 20_000);
    const right = here.venueKeys;
    here.useKeys({ key: 'wrong', secret: 'f'.repeat(48) });
    const sent = submitted().length;
    await here.until(
      'an order is refused or held back',
      () =>
        !trading(here, MAIN) ||
        here.publisher.told('order.state').some((event) => event.body.to === 'Rejected') ||
        submitted().length > sent + 1,
      20_000,
    );
    const messages = () => here.engine.feeds()[0]?.books[0]?.messages ?? 0;
    const before = messages();
    await here.until('the book goes on', () => messages() > before + 20);
    here.useKeys(right);
    const acceptedBefore = accepted();
    await here.until('it trades again', () => trading(here, MAIN) && accepted() > acceptedBefore, 30_000);
    await here.engine.stop('test ends', 5_000);

    expect(here.publisher.told('feed.gap')).toEqual([]);
    const ended = new Set(
      here.publisher
        .told('order.state')
        .filter((event) => event.body.terminal)
        .map((event) => event.body.clientOrderId),
    );
    for (const { body } of submitted()) expect(ended.has(body.clientOrderId), body.clientOrderId).toBe(true);
    expect(here.publisher.told('fill')).toHaveLength(here.exchange.fills('main', null).length);
    const orders = here.exchange.orders('main', null).map((order) => order.clientOrderId);
    expect(new Set(orders).size).toBe(orders.length);
    expect(orders.filter((id) => ![...ended].some((each) => each === id))).toEqual([]);
  }, 90_000);
});

describe('a venue that takes one connection at a time', () => {
  it('R8, F18: has one feed: a configuration with two is refused whole, and what runs goes on', async () => {
    world = await openEngineWorld({ venue: 'alpaca', symbols: 2 });
    const here = world;
    const twice = here.configured(split);
    await here.engine.reconfigure(twice);
    expect(health(here, 'configuration')).toMatchObject({
      ok: false,
      state: expect.stringContaining('one connection at a time'),
    });
    expect(health(here, 'feed/second')).toBeUndefined();
    expect(health(here, 'feed/alpaca')).toBeDefined();
  }, 30_000);
});
