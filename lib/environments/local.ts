import { ENVIRONMENT_DEFAULTS } from './defaults.ts';
import type { ProcessSettings } from './process-settings.ts';

/** One machine: the emulator, simulated venues, engines as child processes. */
export function localEnvironment(settings: ProcessSettings): unknown {
  return {
    ...ENVIRONMENT_DEFAULTS,
    name: 'local',
    account: '000000000000',
    region: settings.get('AWS_REGION') ?? 'us-east-1',
    streams: {
      market: { shards: 2, retentionHours: 24, keysPerConnection: 1 },
      trading: { shards: 2, retentionHours: 24 },
    },
    engine: {
      taskCount: 2,
      spreadOver: 1,
      cpu: 1024,
      memoryMb: 2048,
      architecture: 'ARM64',
      image: { kind: 'registry', reference: 'public.ecr.aws/docker/library/node:24-slim' },
      httpPort: 8080,
      stopTimeoutSeconds: 30,
      scratchGiB: 21,
    },
    mappings: { ...ENVIRONMENT_DEFAULTS.mappings, enabled: false },
    retention: { data: 'destroy', logDays: 1, accessLogDays: 1, quarantineDays: 14 },
    network: null,
    alarms: null,
    confirmation: { awaitSeconds: 5, drill: 11 },
    venueEndpoints: settings.venueEndpoints(),
  };
}
