import { ALARMS_ON_AWS, ENGINE_ON_AWS, ENVIRONMENT_DEFAULTS } from './defaults.ts';
import type { ProcessSettings } from './process-settings.ts';

/** A network of an engine service away from home: its venue's keys are bound to its addresses. */
const REGION_NETWORK = {
  cidr: '10.60.0.0/20',
  zones: ['a', 'c'],
  natGateways: 2,
  fixedOutgoingAddress: true,
  kinesisEndpoint: false,
} as const;

/** Each venue with the region that its matching engine is said to be in or next to; one of them must be the home region. */
const VENUE_REGIONS = [
  { region: 'ap-southeast-1', venues: ['bybit-linear', 'bybit-spot'], zones: ['a', 'b'] },
  { region: 'ap-northeast-1', venues: ['binance-usdm', 'binance-spot'], zones: ['a', 'c'] },
  { region: 'eu-west-2', venues: ['deribit'], zones: ['a', 'b'] },
  { region: 'us-east-1', venues: ['alpaca'], zones: ['a', 'b'] },
] as const;

/** Where real money trades: data outlives its stacks, addresses are fixed, a zone may fail. */
export function prodEnvironment(settings: ProcessSettings): unknown {
  const home = settings.required('MILLRACE_PROD_REGION');
  return {
    ...ENVIRONMENT_DEFAULTS,
    name: 'prod',
    account: settings.required('MILLRACE_PROD_ACCOUNT'),
    region: home,
    streams: {
      market: { shards: 4, retentionHours: 72, keysPerConnection: 1 },
      trading: { shards: 2, retentionHours: 168 },
    },
    engine: { ...ENGINE_ON_AWS, cpu: 2048, memoryMb: 4096 },
    engineRegions: VENUE_REGIONS.map(({ region, venues, zones }) => ({
      region,
      venues,
      network: region === home ? null : { ...REGION_NETWORK, zones },
    })),
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
