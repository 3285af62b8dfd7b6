import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createConfigurationSource } from '#aws/configuration-source.ts';
import { createLeaseKeeper } from '#aws/leases.ts';
import { createPublisher } from '#aws/publisher/publisher.ts';
import { createVenueSecrets } from '#aws/secrets.ts';
import { createRedactor } from '#core/redaction.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { EngineMetrics } from '#engine/engine-metrics.ts';
import { leaseParts, type SupervisedPart, Supervisor } from '#engine/supervisor.ts';
import { reachOf, unitParts } from '#engine/unit-parts.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createMemoryLeaseTable } from '../support/memory-lease-table.ts';
import { createMortalWorld } from '../support/mortal-timers.ts';

/** Looks after parts by limits of a test, until each has been begun anew: what takes minutes takes seconds. */
function supervise(parts: () => readonly SupervisedPart[], silentMs: number) {
  const revived = new Set<string>();
  const supervisor = new Supervisor({
    parts: () =>
      parts().map((part) => ({
        ...part,
        silentMs: revived.has(part.name) ? part.silentMs : silentMs,
        restart: (reason: string) => {
          revived.add(part.name);
          part.restart?.(reason);
        },
      })),
    clock: systemClock,
    timers: systemTimers,
    log: () => undefined,
    metrics: new EngineMetrics(),
    end: () => revived.add('the process'),
  });
  supervisor.start();
  return { supervisor, revived };
}

describe('an engine whose parts hang', () => {
  let world: EngineWorld | null = null;
  afterEach(() => world?.close());

  it('H13: timers, feed, account stream and order entry that hang are each found and begun anew; entries stop meanwhile, and it trades on', async () => {
    const mortal = createMortalWorld(systemTimers);
    world = await openEngineWorld({ venue: 'bybit-linear', timers: mortal.timers, between: mortal.connect });
    const here = world;
    const unit = () => here.engine.units()[0];
    const trades = () => unit()?.closed === null && unit()?.fence === null;
    await here.until('it trades', trades);
    const parts = here.engine.parts().map((part) => part.name);
    expect(parts.filter((name) => !name.startsWith('lease'))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^feed\/bybit-linear\//),
        'unit/paper/main/bybit-linear/timers',
        'unit/paper/main/bybit-linear/account stream',
        'unit/paper/main/bybit-linear/order entry',
        'unit/paper/main/bybit-linear/comparison of bybit-linear-btcusdt',
      ]),
    );
    mortal.hang();
    const { supervisor, revived } = supervise(() => here.engine.parts(), 2_500);
    try {
      await here.until('entries are stopped', () => unit()?.fence?.startsWith('a part is silent') === true);
      await here.until('it trades again', () => trades() && supervisor.silent === 0, 20_000);
      expect([...revived].sort()).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^feed\//),
          'unit/paper/main/bybit-linear/account stream',
          'unit/paper/main/bybit-linear/order entry',
          'unit/paper/main/bybit-linear/timers',
        ]),
      );
      expect(revived).not.toContain('the process');
      const codes = here.publisher.told('alert').map((event) => event.body.code);
      expect(codes).toContain('PART_SILENT');
      expect(codes).toContain('PART_BEATS_AGAIN');
      const book = here.engine.feeds()[0]?.books[0];
      await here.until(
        'the book moves',
        () => (here.engine.feeds()[0]?.books[0]?.messages ?? 0) > (book?.messages ?? 0),
      );
    } finally {
      supervisor.stop();
    }
  });
});

describe('the way to a venue', () => {
  const idle = [{ quiet: true }, { quiet: true }];
  const working = [{ quiet: true }, { quiet: false }];
  const links = { connected: false, away: false };

  it('M7: counts by whatever way the venue is reached, as long as something may be executed there', () => {
    expect(reachOf({ ...links, connected: true }, 3, 40, working)).toBe(43);
    // Without a connection an answered question alone moves it.
    expect(reachOf(links, 3, 41, working)).toBe(3);
    expect(reachOf(links, 4, 42, working)).toBe(4);
    expect(reachOf(links, 4, 43, idle)).toBeNull();
    expect(reachOf({ ...links, away: true }, 4, 44, working)).toBeNull();
  });

  it('M7: where it stays cut, the lease is let go once, and entries are stopped', () => {
    const cut: string[] = [];
    const silent = new Map<string, string | null>();
    const part = unitParts({
      unit: 'u',
      ticks: () => 1,
      tick: () => undefined,
      accountStream: () => null,
      renewAccountStream: () => undefined,
      orderEntry: () => null,
      renewOrderEntry: () => undefined,
      lanes: () => [],
      comparisons: () => null,
      compare: () => undefined,
      reach: () => 4,
      onCutOff: (reason) => cut.push(reason),
      onSilent: (name, reason) => silent.set(name, reason),
      tell: () => undefined,
    }).find(({ name }) => name === 'unit/u/way to the venue');
    if (part === undefined) throw new Error('the way to the venue is not watched');
    const manual = createManualClock();
    const supervisor = new Supervisor({
      parts: () => [part],
      clock: manual.clock,
      timers: manual.timers,
      log: () => undefined,
      metrics: new EngineMetrics(),
      end: () => undefined,
    });
    supervisor.start();
    manual.advance(29_000);
    expect(cut).toEqual([]);
    manual.advance(60_000);
    expect(cut).toEqual([expect.stringContaining('30000 ms are its limit')]);
    expect(silent.get('way to the venue')).toBe(cut[0]);
    supervisor.stop();
  });
});

describe('what beats beside the engine', () => {
  it('H13: a lease that nobody looks at any more is found, and looked at anew', async () => {
    const manual = createManualClock();
    const mortal = createMortalWorld(manual.timers);
    const keeper = createLeaseKeeper({
      table: createMemoryLeaseTable(),
      holder: 'engine-1',
      names: ['u'],
      clock: manual.clock,
      timers: mortal.timers,
      onEvent: () => undefined,
    });
    keeper.start();
    await manual.advanceAsync(3_500);
    const [part] = leaseParts(keeper);
    const before = part?.beats() ?? 0;
    expect(before).toBeGreaterThan(2);
    mortal.hang();
    await manual.advanceAsync(10_000);
    expect(part?.beats()).toBe(before);
    part?.restart?.('silent');
    await manual.advanceAsync(5_000);
    expect(part?.beats()).toBeGreaterThan(before + 3);
    await keeper.stop({ release: false });
    expect(leaseParts(keeper)).toEqual([]);
  });

  it('H13: a look at the configuration that never ends is left, and what it would still bring is old', async () => {
    const manual = createManualClock();
    const ssm = new SSMClient({ region: 'eu-west-1' });
    const mock = mockClient(ssm);
    const refused: string[] = [];
    const source = createConfigurationSource({
      location: 'ssm:/c',
      ssm,
      timers: manual.timers,
      onRefused: (error) => refused.push(error.message),
    });
    const document = JSON.stringify({
      version: 1,
      accounts: [],
      feeds: [{ venue: 'deribit', symbols: ['BTC-PERPETUAL'] }],
      lanes: [],
    });
    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document } });
    await source.start();
    await manual.advanceAsync(40_000);
    const before = source.beats();
    expect(before).toBe(2);
    let late: (answer: unknown) => void = () => undefined;
    mock.on(GetParameterCommand).callsFake(() => new Promise((resolve) => (late = resolve)));
    await manual.advanceAsync(100_000);
    expect(source.beats()).toBe(before);
    mock.on(GetParameterCommand).resolves({ Parameter: { Value: document } });
    source.revive();
    await manual.advanceAsync(40_000);
    expect(source.beats()).toBeGreaterThan(before);
    late({ Parameter: { Value: 'not a document' } });
    await manual.advanceAsync(0);
    expect(refused).toEqual([]);
    source.stop();
  });

  it('H13: keys whose refresh never ends are asked for anew', async () => {
    const manual = createManualClock();
    const client = new SecretsManagerClient({ region: 'eu-west-1' });
    const mock = mockClient(client);
    const secrets = createVenueSecrets({
      client,
      prefix: 'millrace/dev',
      units: [{ mode: 'paper', account: 'main', venue: 'deribit' }],
      environment: {},
      redactor: createRedactor(),
      timers: manual.timers,
      random: { next: () => 0.5 },
    });
    const answers = () =>
      mock
        .on(GetSecretValueCommand)
        .resolves({ SecretString: '{"key":"k-123456","secret":"s-123456"}', VersionId: 'v' });
    answers();
    await secrets.start();
    await manual.advanceAsync(130_000);
    const before = secrets.beats();
    expect(before).toBeGreaterThan(1);
    mock.on(GetSecretValueCommand).callsFake(() => new Promise(() => undefined));
    await manual.advanceAsync(300_000);
    expect(secrets.beats()).toBeLessThanOrEqual(before + 1);
    const hung = secrets.beats();
    answers();
    secrets.revive();
    await manual.advanceAsync(130_000);
    expect(secrets.beats()).toBeGreaterThan(hung + 1);
    secrets.stop();
  });

  it('H13: a publishing thread that hangs is found by its beat, which the engine reads', async () => {
    const journalFolder = mkdtempSync(path.join(tmpdir(), 'millrace-hangs-'));
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    const publisher = createPublisher({
      engine: 'engine-1',
      marketStream: 'market',
      tradingStream: 'trading',
      journalFolder,
      clock: systemClock,
      log: () => undefined,
      workerUrl: new URL('../support/hanging-publisher-worker.ts', import.meta.url),
    });
    const beats = () => publisher.beats?.() ?? null;
    const told: (string | null)[] = [];
    const thread: SupervisedPart = {
      name: 'publishing thread',
      periodMs: 500,
      silentMs: 1_000,
      beats,
      onSilent: (reason) => told.push(reason),
    };
    const { supervisor } = supervise(() => (Number(beats()) > 3 ? [thread] : []), 1_000);
    try {
      await vi.waitFor(() => expect(supervisor.silent).toBe(1), { timeout: 10_000, interval: 50 });
      expect(told).toEqual([expect.stringContaining('publishing thread has not moved')]);
    } finally {
      supervisor.stop();
      vi.unstubAllEnvs();
      // A thread that hangs is given five seconds to end by itself: nobody waits for that here.
      publisher.close(0).catch(() => undefined);
      rmSync(journalFolder, { recursive: true, force: true });
    }
  }, 20_000);
});
