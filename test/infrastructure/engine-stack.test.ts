import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readEngineSettings } from '#engine/settings.ts';
import { resourcesOf, templateOf, templatesOf } from './support/synthesized.ts';

const container = z.looseObject({
  Environment: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
  Command: z.array(z.string()),
  HealthCheck: z.looseObject({ Command: z.array(z.string()) }),
});
const task = z.looseObject({ ContainerDefinitions: z.tuple([container]) });

describe.each(['local', 'dev', 'prod'])('engine stack of %s', (environment) => {
  const engine = templateOf(templatesOf(environment), 'Engine');
  const definition = task.parse(resourcesOf(engine, 'AWS::ECS::TaskDefinition')[0]?.[1].Properties);
  const [main] = definition.ContainerDefinitions;

  it('runs a small container that is not root and writes to its scratch disk only', () => {
    expect(definition).toMatchObject({
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      Volumes: [{ Name: 'journal' }, { Name: 'tmp' }],
    });
    expect(main).toMatchObject({
      User: '1000:1000',
      ReadonlyRootFilesystem: true,
      Privileged: false,
      LinuxParameters: { InitProcessEnabled: true },
      Ulimits: [{ Name: 'nofile', SoftLimit: 65_536, HardLimit: 65_536 }],
      MountPoints: [
        { SourceVolume: 'journal', ContainerPath: '/var/lib/millrace', ReadOnly: false },
        { SourceVolume: 'tmp', ContainerPath: '/tmp', ReadOnly: false },
      ],
    });
  });

  it('R5: never waits for the log service', () => {
    expect(main.LogConfiguration).toMatchObject({ LogDriver: 'awslogs', Options: { mode: 'non-blocking' } });
  });

  it('T6: asks the engine for its health, not its port', () => {
    expect(main.HealthCheck.Command).toEqual(['CMD', 'node', 'healthcheck.mjs']);
  });

  it('T7: gets SIGTERM itself and has its time to stop', () => {
    expect(main.Command[0]).toBe('node');
    expect(main.StopTimeout).toBe(environment === 'local' ? 30 : 120);
  });

  it('R1: is given no secret: keys rotate while it runs', () => {
    expect(main.Secrets).toBeUndefined();
    const names = main.Environment.map((each) => each.Name);
    expect(names.filter((name) => /KEY|PASSWORD|TOKEN|SECRET/.test(name))).toEqual(['MILLRACE_SECRETS']);
  });

  it('is told what the architecture says it is told', () => {
    const names = main.Environment.map((each) => each.Name);
    for (const name of [
      'MARKET_STREAM',
      'TRADING_STREAM',
      'LEDGER_TABLE',
      'CONTROL_TABLE',
      'CONFIGURATION',
      'SECRETS',
      'HTTP_PORT',
      'JOURNAL',
      'BUILD',
    ])
      expect(names).toContain(`MILLRACE_${name}`);
    expect(names).not.toContain('MILLRACE_VENUE_ENDPOINTS');
  });

  it('R3: is told all that the engine needs, and nothing that it refuses', () => {
    const told = Object.fromEntries(
      main.Environment.map(({ Name, Value }) => [Name, typeof Value === 'string' ? Value : 'name']),
    );
    expect(readEngineSettings(told)).toMatchObject({ MILLRACE_ENVIRONMENT: environment, MILLRACE_HTTP_PORT: 8080 });
  });

  it('may read the ledger, never write it, and touch the venue keys of its own environment only', () => {
    const policies = resourcesOf(engine, 'AWS::IAM::Policy').map(([, each]) => JSON.stringify(each.Properties));
    const text = policies.join('\n');
    expect(text).toContain(`secret:millrace/${environment}/*`);
    expect(text).not.toContain('-confirmation/*');
    expect(text).not.toMatch(/dynamodb:(\*|Scan|DeleteItem|CreateTable|DeleteTable)|kinesis:(\*|Get)|s3:/);
    const statements = z
      .array(
        z.object({
          Action: z.union([z.string(), z.array(z.string())]),
          Resource: z.unknown(),
          Condition: z.unknown().optional(),
        }),
      )
      .parse(
        resourcesOf(engine, 'AWS::IAM::Policy').flatMap(
          ([, each]) => z.object({ Statement: z.array(z.unknown()) }).parse(each.Properties.PolicyDocument).Statement,
        ),
      );
    const writes = statements.filter((each) => JSON.stringify(each.Action).includes('dynamodb:PutItem'));
    expect(writes).toHaveLength(1);
    expect(JSON.stringify(writes[0]?.Resource)).toContain('controltable');
    expect(JSON.stringify(writes[0]?.Resource)).not.toContain('ledgertable');
    expect(writes[0]?.Condition).toMatchObject({
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CONTROL#*'] },
    });
  });

  it('R8: keeps two engines, halves and doubles them at most, and goes back where a deployment fails', () => {
    const services = resourcesOf(engine, 'AWS::ECS::Service');
    expect(engine.Outputs.EngineTaskCount?.Value).toBe('2');
    if (environment === 'local') {
      expect(services).toEqual([]);
      return;
    }
    expect(services).toHaveLength(1);
    expect(services[0]?.[1].Properties).toMatchObject({
      DesiredCount: 2,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 50,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      EnableExecuteCommand: false,
      AvailabilityZoneRebalancing: 'DISABLED',
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
  });
});

describe('network', () => {
  it('reserves the outgoing addresses of prod apart from its gateways', () => {
    const network = templateOf(templatesOf('prod'), 'Network');
    const addresses = resourcesOf(network, 'AWS::EC2::EIP');
    expect(addresses).toHaveLength(2);
    for (const [id, each] of addresses) expect(each.DeletionPolicy, id).toBe('Retain');
    const gateways = resourcesOf(network, 'AWS::EC2::NatGateway');
    const used = gateways.map(([, each]) => JSON.stringify(each.Properties.AllocationId));
    expect(used.sort()).toEqual(addresses.map(([id]) => JSON.stringify({ 'Fn::GetAtt': [id, 'AllocationId'] })).sort());
    expect(Object.keys(network.Outputs)).toEqual(expect.arrayContaining(['OutgoingAddress1', 'OutgoingAddress2']));
  });

  it.each(['dev', 'prod'])('lets nothing in and only TLS out in %s', (environment) => {
    const network = templateOf(templatesOf(environment), 'Network');
    const groups = resourcesOf(network, 'AWS::EC2::SecurityGroup').filter(([id]) => id.startsWith('Outgoing'));
    expect(groups).toHaveLength(1);
    expect(groups[0]?.[1].Properties.SecurityGroupIngress).toBeUndefined();
    expect(groups[0]?.[1].Properties.SecurityGroupEgress).toEqual([
      expect.objectContaining({ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
    ]);
    expect(resourcesOf(network, 'AWS::EC2::NatGateway').length).toBeGreaterThan(0);
    expect(resourcesOf(network, 'AWS::EC2::FlowLog')).toHaveLength(1);
  });
});
