import { fileURLToPath } from 'node:url';
import { Duration, Size } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  AwsLogDriverMode,
  type ContainerDefinition,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import { type DataNames, dataNames, homeDataNames } from './data-names.ts';
import type { EngineSite } from './engine-sites.ts';
import { keptLogGroup } from './kept-log-group.ts';
import * as permissions from './permissions.ts';
import { publishName } from './published-names.ts';
import { runtimeSettings, secretsPrefix } from './runtime-settings.ts';

/** The folder of the journal, on the task's scratch disk; with `/tmp` the only place an engine can write to. */
export const JOURNAL_FOLDER = '/var/lib/millrace';

/** What an engine asks of the home region's published names at its start. */
const HOME_NAMES_OF_ENGINE = ['market-stream', 'trading-stream', 'ledger-table', 'control-table'] as const;

export interface EngineTaskProps {
  readonly environment: EnvironmentConfiguration;
  readonly build: string;
  readonly site: EngineSite;
}

/**
 * What one engine runs as: small, not root, read-only but for its journal, with two minutes to stop in. Venue keys are not injected:
 * they rotate while it runs, so it fetches them itself (R1).
 */
export class EngineTask extends Construct {
  readonly definition: FargateTaskDefinition;

  constructor(scope: Construct, id: string, props: EngineTaskProps) {
    super(scope, id);
    const { environment, site } = props;
    const { engine } = environment;
    const data = site.home ? dataNames(this, environment) : homeDataNames(this, environment);
    const logGroup = keptLogGroup(this, 'Logs', environment);
    publishName(this, environment, 'engine-log-group', logGroup.logGroupName);
    this.definition = new FargateTaskDefinition(this, 'Task', {
      cpu: engine.cpu,
      memoryLimitMiB: engine.memoryMb,
      ephemeralStorageGiB: engine.scratchGiB,
      runtimePlatform: {
        operatingSystemFamily: OperatingSystemFamily.LINUX,
        cpuArchitecture: engine.architecture === 'ARM64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
      },
      taskRole: this.#taskRole(environment, site, data),
      volumes: [{ name: 'journal' }, { name: 'tmp' }],
    });
    const linuxParameters = new LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    const container = this.definition.addContainer('engine', {
      image: engineImage(environment),
      // The image says the same; here it is for whoever runs tasks from their definition.
      command: ['node', '--enable-source-maps', 'main.mjs'],
      environment: {
        ...runtimeSettings(environment, props.build, data),
        MILLRACE_ENGINES: String(site.spreadOver),
        ...marketStreamSettings(environment),
        ...(site.venues === null ? {} : { MILLRACE_VENUES: site.venues.join(',') }),
        ...(site.home ? {} : { MILLRACE_HOME_REGION: environment.region }),
        MILLRACE_HTTP_PORT: String(engine.httpPort),
        MILLRACE_JOURNAL: JOURNAL_FOLDER,
        MILLRACE_LEASE_MS: String(environment.lease.durationMs),
        MILLRACE_LEASE_RENEW_MS: String(environment.lease.renewEveryMs),
        MILLRACE_LEASE_MARGIN_MS: String(environment.lease.fenceMarginMs),
      },
      // Writing to a pipe blocks Node: a log service that is slow must cost log lines, never the hot loop.
      logging: LogDrivers.awsLogs({
        logGroup,
        streamPrefix: 'engine',
        mode: AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(16),
      }),
      user: '1000:1000',
      readonlyRootFilesystem: true,
      privileged: false,
      linuxParameters,
      stopTimeout: Duration.seconds(engine.stopTimeoutSeconds),
      ulimits: [{ name: UlimitName.NOFILE, softLimit: 65_536, hardLimit: 65_536 }],
      portMappings: [{ containerPort: engine.httpPort }],
      healthCheck: {
        command: ['CMD', 'node', 'healthcheck.mjs'],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(60),
      },
    });
    mountScratch(container);
  }

  #taskRole(environment: EnvironmentConfiguration, site: EngineSite, data: DataNames): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    for (const statement of [
      permissions.writeStreams(data.marketStreamArn, data.tradingStreamArn),
      site.home ? permissions.useKey(data.keyArn) : permissions.useKeyOfEnvironment(data.keyArn, environment),
      permissions.writeItems(data.controlTableArn, 'CONTROL'),
      permissions.readTable(data.ledgerTableArn),
      permissions.readVenueSecrets(this, secretsPrefix(environment), environment.region),
      permissions.readConfiguration(this, environment),
      ...(site.home ? [] : [permissions.readPublishedNames(this, environment, HOME_NAMES_OF_ENGINE)]),
    ])
      role.addToPolicy(statement);
    return role;
  }
}

function engineImage(environment: EnvironmentConfiguration): ContainerImage {
  const { image, architecture } = environment.engine;
  if (image.kind === 'registry') return ContainerImage.fromRegistry(image.reference);
  return ContainerImage.fromAsset(fileURLToPath(new URL('../../', import.meta.url)), {
    file: 'containers/engine/Dockerfile',
    platform: architecture === 'ARM64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
  });
}

/** Both folders are declared as volumes in the image, which gives them to the engine's user. */
function mountScratch(container: ContainerDefinition): void {
  container.addMountPoints(
    { sourceVolume: 'journal', containerPath: JOURNAL_FOLDER, readOnly: false },
    { sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false },
  );
}

/** How the market stream is written to, and by what the engine judges at its start whether it is large enough. */
function marketStreamSettings({ streams }: EnvironmentConfiguration): Record<string, string> {
  const { shards, keysPerConnection, messagesPerSymbol } = streams.market;
  return {
    MILLRACE_MARKET_SHARDS: String(shards),
    MILLRACE_MARKET_SPREAD: String(keysPerConnection),
    ...(messagesPerSymbol === undefined ? {} : { MILLRACE_SYMBOL_RATE: String(messagesPerSymbol) }),
  };
}
