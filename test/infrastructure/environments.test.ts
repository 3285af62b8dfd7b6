import { describe, expect, it } from 'vitest';
import { EnvironmentError, validateEnvironment } from '#lib/environments/environment-configuration.ts';
import { selectEnvironment } from '#lib/environments/select-environment.ts';
import { DEPLOYER_VARIABLES } from './support/synthesized.ts';

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof EnvironmentError) return error.faults;
    throw error;
  }
  return [];
}

const ENDPOINTS = JSON.stringify({
  'binance-usdm': {
    market: 'ws://127.0.0.1:1',
    account: 'ws://127.0.0.1:1',
    orders: 'ws://127.0.0.1:1',
    rest: 'http://127.0.0.1:1',
  },
});

describe('environments', () => {
  it.each(['local', 'dev', 'prod'])('%s is whole as it stands in its file', (name) => {
    expect(selectEnvironment(name, DEPLOYER_VARIABLES).name).toBe(name);
  });

  it('needs no variable for local', () => {
    expect(selectEnvironment('local', {})).toMatchObject({ account: '000000000000', region: 'us-east-1' });
  });

  it('R3: names every variable that is missing, at once', () => {
    const faults = faultsOf(() => selectEnvironment('prod', {}));
    expect(faults).toContain('MILLRACE_PROD_ACCOUNT is not set');
    expect(faults).toContain('MILLRACE_PROD_REGION is not set');
  });

  it('R3: lists every fault of a configuration at once', () => {
    const good = selectEnvironment('prod', DEPLOYER_VARIABLES);
    const faults = faultsOf(() =>
      validateEnvironment({
        ...good,
        account: '12',
        mappings: { ...good.mappings, enabled: false },
        confirmation: { ...good.confirmation, drill: 7 },
        retention: { ...good.retention, data: 'destroy' },
        engine: { ...good.engine, taskCount: 1 },
        engineRegions: [
          { region: 'eu-west-2', venues: ['deribit'], network: null },
          { region: 'eu-west-2', venues: ['alpaca'], network: { ...good.network, fixedOutgoingAddress: false } },
        ],
        lease: { durationMs: 20_000, renewEveryMs: 4_000, fenceMarginMs: 1_000 },
        streams: {
          market: { ...good.streams.market, shards: 1, keysPerConnection: 2 },
          trading: { shards: 0, retentionHours: 24 },
        },
      }),
    );
    for (const path of [
      'account:',
      'mappings.enabled:',
      'confirmation.drill:',
      'retention.data:',
      'engine.taskCount:',
      'region: the home region',
      'engineRegions.1: eu-west-2 is named twice',
      'engineRegions.0.network:',
      'engineRegions.1.network.fixedOutgoingAddress:',
      'lease.renewEveryMs:',
      'lease.durationMs:',
      'streams.trading.shards:',
      'streams.market.keysPerConnection:',
    ])
      expect(
        faults.some((fault) => fault.startsWith(path)),
        path,
      ).toBe(true);
  });

  it('refuses what it does not know', () => {
    const good = selectEnvironment('dev', DEPLOYER_VARIABLES);
    expect(faultsOf(() => validateEnvironment({ ...good, shards: 3 }))).toHaveLength(1);
    expect(faultsOf(() => selectEnvironment('staging', {}))).toEqual([
      'there is no such environment; known: local, dev, prod',
    ]);
    expect(() => selectEnvironment('toString', {})).toThrow(EnvironmentError);
  });

  it.each(['dev', 'prod'])('refuses MILLRACE_VENUE_ENDPOINTS in %s', (name) => {
    const faults = faultsOf(() =>
      selectEnvironment(name, { ...DEPLOYER_VARIABLES, MILLRACE_VENUE_ENDPOINTS: ENDPOINTS }),
    );
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/MILLRACE_VENUE_ENDPOINTS is refused outside local/);
  });

  it('takes MILLRACE_VENUE_ENDPOINTS in local, and says what is wrong with it', () => {
    const local = selectEnvironment('local', { MILLRACE_VENUE_ENDPOINTS: ENDPOINTS });
    expect(Object.keys(local.venueEndpoints ?? {})).toEqual(['binance-usdm']);
    expect(faultsOf(() => selectEnvironment('local', { MILLRACE_VENUE_ENDPOINTS: '{' }))[0]).toMatch(/is not JSON/);
  });

  it('turns mappings off in local only', () => {
    const enabled = ['local', 'dev', 'prod'].map(
      (name) => selectEnvironment(name, DEPLOYER_VARIABLES).mappings.enabled,
    );
    expect(enabled).toEqual([false, true, true]);
  });

  it('R8: leases leave room for a takeover within 10 s and for one failed renewal', () => {
    for (const name of ['local', 'dev', 'prod']) {
      const { lease } = selectEnvironment(name, DEPLOYER_VARIABLES);
      expect(lease.durationMs + lease.renewEveryMs).toBeLessThanOrEqual(10_000);
      expect(lease.renewEveryMs * 2 + lease.fenceMarginMs).toBeLessThanOrEqual(lease.durationMs);
    }
  });
});
