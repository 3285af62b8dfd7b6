import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Deployment, deploy } from '#local/deploy.ts';
import { startEventSourcePoller } from '#local/event-source-poller/event-source-poller.ts';
import { readContainerDefinition } from '#local/task-definition.ts';
import { type AccountWorld, openAccountWorld } from '../support/account-world.ts';
import { drillDeadMan } from '../support/dead-man-drill.ts';
import { describeWithEmulator } from '../support/emulator.ts';
import { drillReconciler } from '../support/reconciler-drill.ts';
import { drillStop } from '../support/stop-drill.ts';

describeWithEmulator('the local environment, deployed by the CDK', (emulator) => {
  let world: AccountWorld;
  let deployed: Deployment | null = null;
  beforeAll(async () => {
    world = await openAccountWorld('binance-usdm');
  });
  afterAll(() => world.close());

  it('gives names, mappings that the poller drives, and a task definition that can be run', async () => {
    const progress: string[] = [];
    const endpoints = JSON.stringify({ 'binance-usdm': world.server.urls });
    const deployment = await deploy({
      emulator: emulator(),
      settings: { MILLRACE_VENUE_ENDPOINTS: endpoints, MILLRACE_BUILD: 'test' },
      onProgress: (line) => progress.push(line),
    });
    deployed = deployment;
    expect(deployment.output('MarketStream')).toMatch(/market/i);
    expect(() => deployment.output('NoSuchName')).toThrow('OUTPUT_MISSING');
    expect(progress).toContain('deployed Millrace-local-Pipeline');

    const poller = await startEventSourcePoller({ endpoint: emulator().endpoint });
    try {
      const streams = poller.mappings.filter((mapping) => mapping.kind === 'kinesis');
      expect(streams).toHaveLength(5);
      for (const mapping of streams)
        expect(mapping).toMatchObject({
          start: { type: 'TRIM_HORIZON' },
          bisectOnError: true,
          reportsItemFailures: true,
          failureBucket: deployment.output('QuarantineBucket'),
          maximumRetryAttempts: expect.any(Number),
          maximumRecordAgeMs: expect.any(Number),
        });
      expect(poller.mappings.some((mapping) => mapping.kind === 'sqs')).toBe(true);
      expect(await poller.drain(20_000)).toBe(true);
      expect(poller.stats().every((each) => each.recordsBehind === 0 && each.lost === 0)).toBe(true);
    } finally {
      await poller.stop();
    }

    const arn = deployment.output('EngineTaskDefinitionArn');
    const definition = await readContainerDefinition(emulator().endpoint, arn, 'engine');
    expect(definition.environment).toMatchObject({
      MILLRACE_ENVIRONMENT: 'local',
      MILLRACE_BUILD: 'test',
      MILLRACE_MARKET_STREAM: deployment.output('MarketStream'),
      MILLRACE_TRADING_STREAM: deployment.output('TradingStream'),
    });
    expect(JSON.parse(definition.environment.MILLRACE_VENUE_ENDPOINTS ?? '')).toEqual(JSON.parse(endpoints));
    expect(definition.command[0]).toBe('node');
    expect(definition.stopTimeoutMs).toBeGreaterThanOrEqual(30_000);
    await expect(readContainerDefinition(emulator().endpoint, arn, 'other')).rejects.toThrow('TASK_DEFINITION_INVALID');
  }, 60_000);

  it('S18, F12, G13: the deployed reconciler finds a lost execution and a close by hand, corrects, freezes and keeps a report', async () => {
    if (deployed === null) throw new Error('nothing was deployed');
    await drillReconciler(emulator().endpoint, deployed, world);
  }, 60_000);

  it('H15: the stop command writes the wish for every unit, and the engine that holds one has it with its next renewal', async () => {
    if (deployed === null) throw new Error('nothing was deployed');
    await drillStop(emulator().endpoint, deployed);
  }, 60_000);

  it('M7: the deployed dead-man switch cancels what a silent engine left open, once', async () => {
    if (deployed === null) throw new Error('nothing was deployed');
    await drillDeadMan(emulator().endpoint, deployed, world);
  }, 60_000);

  it('a deployment that cannot be synthesized is one clear error with what the CDK says', async () => {
    await expect(deploy({ emulator: emulator(), settings: { MILLRACE_VENUE_ENDPOINTS: 'no json' } })).rejects.toThrow(
      /^CDK_FAILED: command=synth exit=1[\s\S]*MILLRACE_VENUE_ENDPOINTS/,
    );
  }, 60_000);

  it('a deployment that is cancelled ends what it started', async () => {
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 300);
    await expect(deploy({ emulator: emulator(), signal: cancel.signal })).rejects.toThrow('CDK_CANCELLED');
  }, 60_000);
});
