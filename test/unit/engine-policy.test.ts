import { afterEach, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

type WrittenPolicy = NonNullable<RuntimeConfiguration['policy']>;

/** The configuration with a policy, as people write it: defaults are for the engine to fill in. */
function withPolicy(policy: Partial<WrittenPolicy> & { readonly version: number }) {
  return (configuration: RuntimeConfiguration): RuntimeConfiguration => ({
    ...configuration,
    policy: policy as WrittenPolicy,
  });
}

const budget = (maxExposure: number) => ({ name: 'all', mode: 'paper' as const, maxExposure, shares: {} });
const denied = (of: EngineWorld, code: string) =>
  of.publisher.told('order.denied').filter((event) => event.body.code === code);

describe('the policy while an engine trades', () => {
  it('S10, H12: what lanes may do together is judged, and a newer policy is taken at once and told, old and new', async () => {
    world = await openEngineWorld({
      venue: 'binance-usdm',
      change: withPolicy({ version: 1, budgets: [budget(0.01)] }),
    });
    const here = world;
    await here.until('the budget refuses', () => denied(here, 'UNIT_EXPOSURE_LIMIT').length > 0, 20_000);
    expect(here.exchange.orders('main', null)).toEqual([]);

    const wide = here.configured(withPolicy({ version: 2, budgets: [budget(1e6)] }));
    await here.engine.reconfigure(wide);
    expect(here.engine.health().parts.configuration).toEqual({ ok: true, state: wide.hash });
    expect(here.publisher.told('policy.changed').map((event) => event.body)).toEqual([
      expect.objectContaining({ fromVersion: 0, toVersion: 1 }),
      { fromVersion: 1, toVersion: 2, settings: [{ path: 'budgets.all.maxExposure', from: '0.01', to: '1000000' }] },
    ]);
    expect(here.publisher.told('policy.changed')[1]?.configurationHash).toBe(wide.hash);
    await here.until('an order is sent', () => here.exchange.orders('main', null).length > 0, 20_000);

    const same = here.configured(withPolicy({ version: 2, budgets: [budget(5)] }));
    await here.engine.reconfigure(same);
    expect(here.engine.health().parts.configuration).toMatchObject({ ok: false });
    expect(here.engine.health().parts.configuration?.state).toMatch(
      /policy version 2 must be above 2, since it changes: budgets\.all\.maxExposure/,
    );
    expect(here.publisher.told('policy.changed')).toHaveLength(2);
  }, 60_000);

  it('S10, H12: the first policy of a unit that trades holds for all its lanes', async () => {
    world = await openEngineWorld({ venue: 'bybit-linear', symbols: 2 });
    const here = world;
    await here.until('an order is sent', () => here.exchange.orders('main', null).length > 0, 20_000);
    await here.engine.reconfigure(here.configured(withPolicy({ version: 1, budgets: [budget(0.01)] })));
    await here.until('the budget refuses', () => denied(here, 'UNIT_EXPOSURE_LIMIT').length > 0, 20_000);
  }, 60_000);
});
