import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type ListedConfirmation, listConfirmations } from '#aws/confirmations.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLedgerReader, type LedgerReader } from '#aws/ledger-reader.ts';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { DesiredCommand } from '#core/control/desired-command.ts';
import type { AccountRef } from '#core/control/unit.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import { type Deployment, deploy } from '#local/deploy.ts';
import { type Emulator, startEmulator } from '#local/emulator.ts';
import { type EventSourcePoller, startEventSourcePoller } from '#local/event-source-poller/event-source-poller.ts';
import { readEngineDefinition, writeConfiguration, writeSecrets } from '#local/start/cloud.ts';
import { LOCAL_ACCOUNT, runConfiguration } from '#local/start/run-configuration.ts';
import { tailTradingStream } from '#local/start/trading-tail.ts';
import type { ContainerDefinition } from '#local/task-definition.ts';
import { type EngineLinks, type EngineProcess, startEngineProcess } from './engine-process-engine.ts';
import { openProcessVenue, type ProcessVenue, type ProcessVenueOptions } from './engine-process-venue.ts';

export type { EngineProcess } from './engine-process-engine.ts';
export type { ProcessVenue } from './engine-process-venue.ts';

const LOOK_MS = 50;

export interface EngineProcessesOptions {
  /** Of the emulator's and the engines' logs, so that several files can run side by side. */
  readonly name: string;
  readonly venues: readonly ProcessVenueOptions[];
  /** The configuration of `npm start`, changed. */
  readonly configure?: (configuration: RuntimeConfiguration) => RuntimeConfiguration;
  /** Further variables of every engine. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether frames are archived and candles made as well; default: only what follows from trading. */
  readonly market?: boolean;
  /** Divides the waits of Step Functions; default 1. */
  readonly stepFunctionsWaitScale?: number;
}

/**
 * The deployed pipeline on the emulator, real engine processes that a test starts, signals and cuts off by name, and venues in the test's own process. Opened once for a
 * file; a scenario then takes seconds.
 */
export interface EngineProcesses {
  readonly emulator: Emulator;
  readonly deployment: Deployment;
  readonly venues: readonly ProcessVenue[];
  venue(id: VenueId): ProcessVenue;
  /** Everything told on the trading stream so far, each once. */
  readonly events: readonly TradingEvent[];
  readonly ledger: LedgerReader;
  readonly account: AccountRef;
  readonly poller: EventSourcePoller;
  /** Starts an engine of that name, unlike any before it. Resolves when the process runs, not: when it trades. */
  start(name: string, environment?: Readonly<Record<string, string>>): Promise<EngineProcess>;
  /** Those that were started and not ended since. */
  engines(): readonly EngineProcess[];
  /** The engine that may trade a venue's unit, or null. */
  trader(venue: VenueId): Promise<EngineProcess | null>;
  configure(change: (configuration: RuntimeConfiguration) => RuntimeConfiguration): Promise<void>;
  /** What people wish of a venue's unit; written where each lease renewal finds it. */
  wish(venue: VenueId, wish: DesiredCommand['wish'], reason: string): Promise<void>;
  /** Every confirmation of an order that was begun, by client order id. */
  confirmations(): Promise<ReadonlyMap<string, ListedConfirmation>>;
  /** Looks every `lookMs` (default 50). Resolves with the milliseconds that it took; rejects with what it looked at. */
  until(what: string, holds: () => boolean | Promise<boolean>, withinMs?: number, lookMs?: number): Promise<number>;
  close(): Promise<void>;
}

export async function openEngineProcesses(options: EngineProcessesOptions): Promise<EngineProcesses> {
  const stack = new AsyncDisposableStack();
  try {
    return await open(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function open(options: EngineProcessesOptions, stack: AsyncDisposableStack): Promise<EngineProcesses> {
  const venues: ProcessVenue[] = [];
  for (const each of options.venues) {
    const venue = await openProcessVenue(each);
    stack.defer(() => venue.close());
    venues.push(venue);
  }
  const emulator = await startEmulator({
    name: `emulator-${options.name}`,
    stepFunctionsWaitScale: options.stepFunctionsWaitScale ?? 1,
  });
  stack.defer(() => emulator.stop());
  const endpoints = Object.fromEntries(venues.map(({ venue, server }) => [venue, server.urls]));
  const deployment = await deploy({ emulator, settings: { MILLRACE_VENUE_ENDPOINTS: JSON.stringify(endpoints) } });
  const definition: ContainerDefinition = {
    ...(await readEngineDefinition(emulator.endpoint, deployment)),
    name: options.name,
  };
  const plain = runConfiguration(venues);
  let configuration = options.configure?.(plain) ?? plain;
  await writeConfiguration(emulator.endpoint, definition, configuration);
  await writeSecrets(
    emulator.endpoint,
    definition,
    venues.map(({ unit, keys }) => ({ unit, ...keys })),
  );

  const settings = emulatedClientSettings(emulator.endpoint);
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  const stepFunctions = new SFNClient(settings);
  const kinesis = new KinesisClient(settings);
  stack.defer(() => {
    for (const client of [dynamo, stepFunctions, kinesis]) client.destroy();
  });
  const events: TradingEvent[] = [];
  const troubles: string[] = [];
  const tail = tailTradingStream(
    kinesis,
    deployment.output('TradingStream'),
    (event) => events.push(event),
    (text) => troubles.push(text),
  );
  stack.defer(() => tail.stop());
  const marketStream = deployment.output('MarketStream');
  const poller = await startEventSourcePoller({
    endpoint: emulator.endpoint,
    drives: ({ sourceName }) => options.market === true || sourceName !== marketStream,
  });
  stack.defer(() => poller.stop());
  const journals = mkdtempSync(path.join(tmpdir(), 'millrace-engines-'));
  stack.defer(() => rmSync(journals, { recursive: true, force: true }));

  const desired = createDesiredStates(dynamo, deployment.output('ControlTable'));
  const running = new Set<EngineProcess>();
  const names = new Set<string>();
  const known = new Map<string, ListedConfirmation>();
  const links: EngineLinks = { venues, endpoint: emulator.endpoint };
  stack.defer(async () => {
    await Promise.all([...running].map((each) => each.stop()));
  });
  let wishes = 0;

  return {
    emulator,
    deployment,
    venues,
    venue(id) {
      const found = venues.find((each) => each.venue === id);
      if (found === undefined) throw new Error(`${id} is not open`);
      return found;
    },
    events,
    ledger: createLedgerReader(dynamo, deployment.output('LedgerTable')),
    account: { account: LOCAL_ACCOUNT, mode: 'paper' },
    poller,
    async start(name, environment = {}) {
      if (names.has(name)) throw new Error(`there was an engine ${name} before`);
      names.add(name);
      const engine = await startEngineProcess({
        name,
        definition,
        journals,
        awsEnvironment: emulator.environment,
        environment: { ...options.environment, ...environment },
        links,
        onEnd: () => running.delete(engine),
      });
      running.add(engine);
      return engine;
    },
    engines: () => [...running],
    async trader(id) {
      for (const engine of running) {
        const unit = (await engine.status())?.units.find((each) => each.unit.endsWith(`/${id}`));
        if (unit?.closed === null) return engine;
      }
      return null;
    },
    async configure(change) {
      configuration = change(structuredClone(configuration));
      await writeConfiguration(emulator.endpoint, definition, configuration);
      for (const engine of running) engine.signal('SIGHUP');
    },
    async wish(id, wish, reason) {
      const unit = venues.find((each) => each.venue === id)?.unit ?? '';
      wishes += 1;
      await desired.apply(
        { kind: 'desiredState', id: `${options.name}-${wishes}`, unit, wish, reason, by: 'test' },
        Date.now(),
      );
    },
    async confirmations() {
      const machine = deployment.output('ConfirmationMachineArn');
      const listed = await listConfirmations(stepFunctions, machine, { known });
      return new Map(listed.map((each) => [each.clientOrderId, each]));
    },
    async until(what, holds, withinMs = 20_000, lookMs = LOOK_MS) {
      const began = performance.now();
      while (!(await holds())) {
        if (performance.now() - began > withinMs) {
          const status = await Promise.all([...running].map(async (each) => (await each.status())?.units ?? each.name));
          const lines = [...running].flatMap((each) => each.complaints.slice(-5));
          for (const { functionName, recordsBehind, msBehind, lastError } of poller.stats())
            if (recordsBehind > 0 || lastError !== null)
              lines.push(
                `${functionName}: ${recordsBehind} records and ${msBehind} ms behind, ${lastError ?? 'no error'}`,
              );
          throw new Error(
            `not within ${withinMs} ms: ${what}; ${JSON.stringify(status)} ${[...troubles, ...lines].join(' | ')}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, lookMs));
      }
      return performance.now() - began;
    },
    close: () => stack.disposeAsync(),
  };
}
