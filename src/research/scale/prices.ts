/** A price in US dollars, with the page that says it. */
export interface Price {
  readonly dollars: number;
  readonly per: string;
  readonly page: string;
}

/** The day on which the prices were written down. */
export const PRICES_OF = '2026-11-21';

/**
 * List prices of us-east-1, **from memory**: none was read from its page on that day. Each page says the price of the day and of other regions; Tokyo and Singapore are some 10 to 30 % dearer.
 */
export const PRICES = {
  vcpuHour: { dollars: 0.03238, per: 'vCPU-hour, Fargate on ARM', page: 'https://aws.amazon.com/fargate/pricing/' },
  gbHour: { dollars: 0.00356, per: 'GB-hour, Fargate on ARM', page: 'https://aws.amazon.com/fargate/pricing/' },
  shardHour: {
    dollars: 0.015,
    per: 'shard-hour, provisioned',
    page: 'https://aws.amazon.com/kinesis/data-streams/pricing/',
  },
  putUnits: {
    dollars: 0.014,
    per: 'million PUT payload units of 25 KB',
    page: 'https://aws.amazon.com/kinesis/data-streams/pricing/',
  },
  extendedShardHour: {
    dollars: 0.02,
    per: 'shard-hour of retention beyond 24 h',
    page: 'https://aws.amazon.com/kinesis/data-streams/pricing/',
  },
  lambdaGbSecond: { dollars: 0.0000166667, per: 'GB-second, x86', page: 'https://aws.amazon.com/lambda/pricing/' },
  lambdaRequest: { dollars: 0.2, per: 'million requests', page: 'https://aws.amazon.com/lambda/pricing/' },
  s3GbMonth: { dollars: 0.023, per: 'GB-month, Standard', page: 'https://aws.amazon.com/s3/pricing/' },
  s3Puts: { dollars: 5, per: 'million PUT requests', page: 'https://aws.amazon.com/s3/pricing/' },
  natHour: { dollars: 0.045, per: 'NAT gateway-hour', page: 'https://aws.amazon.com/vpc/pricing/' },
  natGb: { dollars: 0.045, per: 'GB through a NAT gateway', page: 'https://aws.amazon.com/vpc/pricing/' },
  dynamoWrites: {
    dollars: 0.625,
    per: 'million write units, on demand',
    page: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
} as const satisfies Record<string, Price>;
