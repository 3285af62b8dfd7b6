import { ALARMS_ON_AWS, ENGINE_ON_AWS, ENVIRONMENT_DEFAULTS } from './defaults.ts';
import type { ProcessSettings } from './process-settings.ts';

/** Where real money trades: data outlives its stacks, addresses are fixed, a zone may fail. */
export function prodEnvironment(settings: ProcessSettings): unknown {
  return {
    ...ENVIRONMENT_DEFAULTS,
    name: 'prod',
    account: settings.required('MILLRACE_PROD_ACCOUNT'),
    region: settings.required('MILLRACE_PROD_REGION'),
    streams: { market: { shards: 4, retentionHours: 72 }, trading: { shards: 2, retentionHours: 168 } },
    engine: { ...ENGINE_ON_AWS, cpu: 2048, memoryMb: 4096 },
    retention: { data: 'keep', logDays: 90, accessLogDays: 365, quarantineDays: 365 },
    network: {
      cidr: '10.50.0.0/20',
      zones: ['a', 'b'],
      natGateways: 2,
      fixedOutgoingAddress: true,
      kinesisEndpoint: true,
    },
    alarms: { ...ALARMS_ON_AWS, email: settings.get('MILLRACE_PROD_ALERT_EMAIL') ?? null },
    venueEndpoints: settings.venueEndpoints(),
  };
}
