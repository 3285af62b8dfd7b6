import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConfigurationSource } from '#aws/configuration-source.ts';
import type { LoadedConfiguration } from '#core/config/runtime-configuration.ts';
import type { MillraceError } from '#core/errors.ts';
import { systemTimers } from '#core/time/system-clock.ts';
import { createManualClock } from '../support/manual-clock.ts';

function document(version: number): string {
  const place = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
  return JSON.stringify({
    version,
    accounts: [{ name: 'main', mode: 'paper', venue: 'binance-usdm', onShutdown: 'cancel' }],
    feeds: [{ venue: 'binance-usdm', symbols: ['BTCUSDT'] }],
    lanes: [
      {
        name: 'scalper',
        ...place,
        symbol: 'BTCUSDT',
        confirm: 'every',
        strategy: {
          kind: 'momentum-scalper',
          window: 16,
          entryTicks: 2,
          takeTicks: 4,
          takeProfitTicks: 5,
          stopLossTicks: 5,
          restMs: 1000,
          holdMs: 5000,
          cooldownMs: 100,
          baseSize: '0.001',
          maxSizeFactor: 2,
        },
        limits: {
          maxOrderSize: '0.01',
          maxPositionSize: '0.02',
          priceBandBps: 50,
          maxSpreadBps: 10,
          maxDataAgeMs: 100,
          maxDailyLoss: 100,
          maxOpenOrders: 4,
          maxOrderRate: 10,
        },
      },
    ],
  });
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-configuration-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('configuration source: a file', () => {
  it('R3: a changed file is taken, a bad one refused with every fault at once, and the old one stays', async () => {
    const location = join(folder, 'millrace.json');
    await writeFile(location, document(1));
    const manual = createManualClock();
    const changes: LoadedConfiguration[] = [];
    const refused: MillraceError[] = [];
    const source = createConfigurationSource({
      location,
      ssm: new SSMClient({ region: 'eu-west-1' }),
      timers: manual.timers,
      onChange: (loaded) => changes.push(loaded),
      onRefused: (error) => refused.push(error),
    });
    const first = await source.start();
    expect(first.configuration.version).toBe(1);

    await writeFile(location, JSON.stringify({ version: 0, accounts: null, lanes: null, feeds: [] }));
    await source.reload();
    await source.reload();
    expect(refused).toHaveLength(1);
    expect(refused[0]?.message).toMatch(/4 fault\(s\)/);
    expect(source.current()).toBe(first);

    await writeFile(location, document(2));
    await source.reload();
    expect(changes.map((each) => each.configuration.version)).toEqual([2]);
    expect(source.current().hash).not.toBe(first.hash);

    await rm(location);
    await source.reload();
    expect(refused.at(-1)?.code).toBe('CONFIGURATION_UNREADABLE');
    expect(source.current().configuration.version).toBe(2);
    source.stop();
    expect(manual.pending).toBe(0);
  });

  it('R3: a file that is replaced by renaming is seen without being asked', async () => {
    const location = join(folder, 'millrace.json');
    await writeFile(location, document(1));
    const source = createConfigurationSource({
      location,
      ssm: new SSMClient({ region: 'eu-west-1' }),
      timers: systemTimers,
    });
    await source.start();
    await writeFile(join(folder, 'next.json'), document(5));
    await rename(join(folder, 'next.json'), location);

    await vi.waitFor(() => expect(source.current().configuration.version).toBe(5), { timeout: 3000, interval: 20 });
    source.stop();
  });

  it('R3: without a first configuration there is nothing to run on', async () => {
    const source = createConfigurationSource({
      location: join(folder, 'none.json'),
      ssm: new SSMClient({ region: 'eu-west-1' }),
      timers: systemTimers,
    });
    await expect(source.start()).rejects.toMatchObject({ code: 'CONFIGURATION_UNREADABLE', class: 'configuration' });
    expect(() => source.current()).toThrow('CONFIGURATION_NOT_STARTED');
  });
});

describe('configuration source: Parameter Store', () => {
  it('R11: a changed parameter is in force after at most one poll of 15 s', async () => {
    const manual = createManualClock();
    const ssm = new SSMClient({ region: 'eu-west-1' });
    const mock = mockClient(ssm);
    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document(1) } });
    const source = createConfigurationSource({ location: 'ssm:/millrace/dev/c', ssm, timers: manual.timers });
    await source.start();
    expect(mock.commandCalls(GetParameterCommand)[0]?.args[0].input.Name).toBe('/millrace/dev/c');

    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document(3) } });
    await manual.advanceAsync(15_000);
    expect(source.current().configuration.version).toBe(3);
    source.stop();
  });

  it('R3: of two looks at the same time the later one counts, however long the earlier one takes', async () => {
    const ssm = new SSMClient({ region: 'eu-west-1' });
    const mock = mockClient(ssm);
    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document(1) } });
    const changes: number[] = [];
    const source = createConfigurationSource({
      location: 'ssm:/millrace/dev/c',
      ssm,
      timers: createManualClock().timers,
      onChange: ({ configuration }) => changes.push(configuration.version),
    });
    await source.start();
    let looks = 0;
    mock.on(GetParameterCommand).callsFake(async () => {
      looks += 1;
      const version = looks === 1 ? 2 : 3;
      if (looks === 1) await new Promise((resolve) => setTimeout(resolve, 20));
      return { Parameter: { Value: document(version) } };
    });
    await Promise.all([source.reload(), source.reload()]);
    expect(changes).toEqual([2, 3]);
    expect(source.current().configuration.version).toBe(3);
    source.stop();
  });

  it('R3, R6: a parameter that cannot be read is told once, without its value, and what is in force stays', async () => {
    const manual = createManualClock();
    const ssm = new SSMClient({ region: 'eu-west-1' });
    const mock = mockClient(ssm);
    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document(1) } });
    const refused: MillraceError[] = [];
    const source = createConfigurationSource({
      location: 'ssm:/millrace/dev/c',
      ssm,
      timers: manual.timers,
      onRefused: (error) => refused.push(error),
    });
    await source.start();
    mock.on(GetParameterCommand).rejects(new Error('ThrottlingException'));
    await manual.advanceAsync(60_000);
    expect(refused.map((error) => error.code)).toEqual(['CONFIGURATION_UNREADABLE']);
    mock.on(GetParameterCommand).resolves({});
    await manual.advanceAsync(15_000);
    expect(refused).toHaveLength(2);
    expect(source.current().configuration.version).toBe(1);
    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document(4) } });
    await manual.advanceAsync(15_000);
    expect(source.current().configuration.version).toBe(4);
    source.stop();
  });
});
