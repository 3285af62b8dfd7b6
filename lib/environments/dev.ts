import { ALARMS_ON_AWS, ENGINE_ON_AWS, ENVIRONMENT_DEFAULTS } from './defaults.ts';
import type { ProcessSettings } from './process-settings.ts';

/** A place to try things on AWS: small, cheap, and gone when its stacks are. */
export function devEnvironment(settings: ProcessSettings): unknown {
  return {
    ...ENVIRONMENT_DEFAULTS,
    name: 'dev',
    account: settings.required('MILLRACE_DEV_ACCOUNT'),
    region: settings.required('MILLRACE_DEV_REGION'),
    streams: {
      market: { shards: 1, retentionHours: 24, keysPerConnection: 1 },
      trading: { shards: 1, retentionHours: 24 },
    },
    engine: ENGINE_ON_AWS,
    retention: { data: 'destroy', logDays: 7, accessLogDays: 30, quarantineDays: 30 },
    network: {
      cidr: '10.40.0.0/20',
      zones: ['a', 'b'],
      natGateways: 1,
      fixedOutgoingAddress: false,
      kinesisEndpoint: false,
    },
    alarms: { ...ALARMS_ON_AWS, email: settings.get('MILLRACE_DEV_ALERT_EMAIL') ?? null },
    venueEndpoints: settings.venueEndpoints(),
  };
}
