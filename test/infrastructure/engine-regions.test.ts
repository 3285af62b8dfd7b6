import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { VENUES } from '#core/market/instrument.ts';
import { selectEnvironment } from '#lib/environments/select-environment.ts';
import {
  appOf,
  DEPLOYER_VARIABLES,
  resourcesOf,
  type SynthesizedTemplate,
  templateOf,
  templatesOf,
} from './support/synthesized.ts';

const HOME = DEPLOYER_VARIABLES.MILLRACE_PROD_REGION;
const container = z.looseObject({ Environment: z.array(z.object({ Name: z.string(), Value: z.unknown() })) });
const statement = z.object({
  Action: z.union([z.string(), z.array(z.string())]),
  Resource: z.unknown(),
  Condition: z.unknown().optional(),
});

/** What a service's engines are told. */
function variablesOf(template: SynthesizedTemplate): Readonly<Record<string, unknown>> {
  const [definition] = resourcesOf(template, 'AWS::ECS::TaskDefinition');
  const { ContainerDefinitions: containers } = z
    .object({ ContainerDefinitions: z.array(container) })
    .parse(definition?.[1].Properties);
  return Object.fromEntries((containers[0]?.Environment ?? []).map(({ Name, Value }) => [Name, Value]));
}

function statementsOf(template: SynthesizedTemplate): readonly z.infer<typeof statement>[] {
  return resourcesOf(template, 'AWS::IAM::Policy')
    .filter(([id]) => id.startsWith('EngineRole'))
    .flatMap(([, each]) =>
      z
        .object({ Statement: z.array(z.unknown()) })
        .parse(each.Properties.PolicyDocument)
        .Statement.map((one) => statement.parse(one)),
    );
}

describe('engines by region', () => {
  const prod = templatesOf('prod');
  const away = [
    { suffix: 'ApNortheast1', region: 'ap-northeast-1', venues: ['binance-usdm', 'binance-spot'] },
    { suffix: 'EuWest2', region: 'eu-west-2', venues: ['deribit'] },
    { suffix: 'UsEast1', region: 'us-east-1', venues: ['alpaca'] },
  ];

  it('are one service where an environment lists no regions: no stack is added', () => {
    for (const name of ['local', 'dev'])
      expect([...templatesOf(name).keys()].filter((each) => /^(Engine|Network|EngineAlarms)./.test(each))).toEqual([]);
    for (const name of ['local', 'dev']) {
      const told = variablesOf(templateOf(templatesOf(name), 'Engine'));
      expect(told.MILLRACE_VENUES).toBeUndefined();
      expect(told.MILLRACE_HOME_REGION).toBeUndefined();
      expect(told.MILLRACE_ENGINES).toBe('1');
    }
  });

  it('R8: serve each venue in prod exactly once, and know their venues', () => {
    const served = ['', ...away.map((each) => each.suffix)].flatMap((suffix) =>
      String(variablesOf(templateOf(prod, `Engine${suffix}`)).MILLRACE_VENUES).split(','),
    );
    expect(new Set(served).size).toBe(served.length);
    for (const venue of VENUES) expect(served).toContain(venue);
    expect(variablesOf(templateOf(prod, 'Engine'))).toMatchObject({ MILLRACE_VENUES: 'bybit-linear,bybit-spot' });
    for (const { suffix, venues } of away)
      expect(variablesOf(templateOf(prod, `Engine${suffix}`))).toMatchObject({ MILLRACE_VENUES: venues.join(',') });
  });

  it('are deployed to their own regions', () => {
    const stacks = appOf('prod').synth().stacks;
    const regionOf = (name: string) =>
      stacks.find((each) => each.stackName === `Millrace-prod-${name}`)?.environment.region;
    expect(regionOf('Engine')).toBe(HOME);
    for (const { suffix, region } of away)
      for (const kind of ['Engine', 'Network', 'EngineAlarms']) expect(regionOf(`${kind}${suffix}`)).toBe(region);
  });

  it.each(away)(
    'away from home ($suffix) ask the home region for names, configuration, keys and leases',
    ({ suffix }) => {
      const template = templateOf(prod, `Engine${suffix}`);
      expect(variablesOf(template)).toMatchObject({
        MILLRACE_HOME_REGION: HOME,
        MILLRACE_MARKET_STREAM: 'ssm:/millrace/prod/names/market-stream',
        MILLRACE_TRADING_STREAM: 'ssm:/millrace/prod/names/trading-stream',
        MILLRACE_LEDGER_TABLE: 'ssm:/millrace/prod/names/ledger-table',
        MILLRACE_CONTROL_TABLE: 'ssm:/millrace/prod/names/control-table',
        MILLRACE_CONFIGURATION: 'ssm:/millrace/prod/configuration',
        MILLRACE_SECRETS: 'millrace/prod',
      });
      const statements = statementsOf(template);
      expect(statements.length).toBeGreaterThan(4);
      for (const { Action, Resource } of statements) {
        const text = JSON.stringify(Resource);
        expect(text, JSON.stringify(Action)).toContain(`:${HOME}:${DEPLOYER_VARIABLES.MILLRACE_PROD_ACCOUNT}:`);
      }
      const of = (action: string) => statements.find((each) => JSON.stringify(each.Action).includes(action));
      expect(JSON.stringify(of('kinesis:PutRecords')?.Resource)).toMatch(/Millrace-prod-Data-MarketStream\*/);
      expect(of('dynamodb:PutItem')?.Condition).toMatchObject({
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CONTROL#*'] },
      });
      expect(of('kms:GenerateDataKey')?.Condition).toEqual({
        StringEquals: {
          'aws:ResourceTag/millrace:environment': 'prod',
          'kms:ViaService': `kinesis.${HOME}.amazonaws.com`,
        },
      });
    },
  );

  it('what they are allowed by name is what the data stack is called', () => {
    const data = templateOf(prod, 'Data');
    for (const [type, id] of [
      ['AWS::Kinesis::Stream', 'MarketStream'],
      ['AWS::Kinesis::Stream', 'TradingStream'],
      ['AWS::DynamoDB::GlobalTable', 'LedgerTable'],
      ['AWS::DynamoDB::GlobalTable', 'ControlTable'],
    ] as const) {
      expect(
        resourcesOf(data, type).filter(([logicalId]) => logicalId.startsWith(id)),
        id,
      ).toHaveLength(1);
    }
    // The data key carries the tag by which engines away from home may use it.
    const keys = resourcesOf(data, 'AWS::KMS::Key');
    expect(keys).toHaveLength(1);
    expect(JSON.stringify(keys[0]?.[1].Properties.Tags)).toContain('"millrace:environment","Value":"prod"');
  });

  it.each(away)(
    'away from home ($suffix) have a network of their own, with fixed outgoing addresses',
    ({ suffix, region }) => {
      const network = templateOf(prod, `Network${suffix}`);
      const addresses = resourcesOf(network, 'AWS::EC2::EIP');
      expect(addresses).toHaveLength(2);
      for (const [id, each] of addresses) expect(each.DeletionPolicy, id).toBe('Retain');
      for (const [, each] of resourcesOf(network, 'AWS::EC2::Subnet'))
        expect(String(each.Properties.AvailabilityZone)).toMatch(new RegExp(`^${region}[a-f]$`));
      const services = resourcesOf(templateOf(prod, `Engine${suffix}`), 'AWS::ECS::Service');
      expect(services).toHaveLength(1);
      expect(services[0]?.[1].Properties).toMatchObject({ DesiredCount: 2, EnableExecuteCommand: false });
    },
  );

  it.each(away)('H13: away from home ($suffix) ring in their own region when nobody trades', ({ suffix }) => {
    const alarms = resourcesOf(templateOf(prod, `EngineAlarms${suffix}`), 'AWS::CloudWatch::Alarm');
    const names = alarms.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));
    // Nothing of this stack is read from the home region, whose parameters it cannot read.
    const read = Object.values(templateOf(prod, `EngineAlarms${suffix}`).Parameters).flatMap(
      (each) => each.Default ?? [],
    );
    for (const name of read.filter((each) => each.startsWith('/millrace/'))) expect(name).toMatch(/\/names\/engine-/);
    expect(names).toEqual(
      expect.arrayContaining([
        'EngineAbsent',
        'UnitsNotHeld',
        'EntriesBlocked',
        'OrdersUnknown',
        'ConnectionsDown',
        'BooksInvalid',
        'VenueClockApart',
      ]),
    );
    for (const [, each] of alarms) expect(each.Properties.AlarmActions).toHaveLength(1);
  });

  it('use the home network where they are at home, and no other does', () => {
    const environment = selectEnvironment('prod', DEPLOYER_VARIABLES);
    expect(environment.engineRegions).toHaveLength(4);
    expect(environment.engineRegions.filter((each) => each.network === null).map((each) => each.region)).toEqual([
      HOME,
    ]);
  });
});
