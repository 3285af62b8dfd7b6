import { NodeHttpHandler } from '@smithy/node-http-handler';
import { MillraceError } from '#core/errors.ts';

/** The one region of the local environment. */
export const LOCAL_REGION = 'us-east-1';

const ACCESS_KEY = 'test';
/** A file that is never there: profiles and credentials of the person at the machine stay out of reach. */
const NOWHERE = '/nonexistent/millrace';

/**
 * An environment for processes that talk to the emulator: everything of AWS that people have set (profiles, keys, endpoints, roles) is
 * taken out, so that a local run can never reach a real account, and test credentials are put in.
 * @throws MillraceError ENDPOINT_IS_AWS
 */
export function emulatedAwsEnvironment(base: NodeJS.ProcessEnv, endpoint: string): Record<string, string> {
  refuseRealAws(endpoint);
  return {
    ...withoutAws(base),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: ACCESS_KEY,
    AWS_CONFIG_FILE: NOWHERE,
    AWS_SHARED_CREDENTIALS_FILE: NOWHERE,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** `base` without anything of AWS or of the CDK's account lookup. */
export function withoutAws(base: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || name.startsWith('AWS_') || name.startsWith('CDK_')) continue;
    kept[name] = value;
  }
  return kept;
}

/** What every SDK client of `local/` is made with: the endpoint by address (S3 path-style), HTTP/1.1, test credentials. */
export interface EmulatedClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly forcePathStyle: true;
  readonly maxAttempts: number;
  readonly requestHandler: NodeHttpHandler;
}

/** @throws MillraceError ENDPOINT_IS_AWS */
export function emulatedClientSettings(
  endpoint: string,
  options: { readonly requestTimeoutMs?: number; readonly maxAttempts?: number } = {},
): EmulatedClientSettings {
  refuseRealAws(endpoint);
  return {
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: ACCESS_KEY },
    forcePathStyle: true,
    maxAttempts: options.maxAttempts ?? 3,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 2000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: 200 },
    }),
  };
}

function refuseRealAws(endpoint: string): void {
  const { hostname } = new URL(endpoint);
  if (/(^|\.)(amazonaws\.com(\.cn)?|api\.aws|aws\.amazon\.com)$/.test(hostname))
    throw new MillraceError(
      'configuration',
      'ENDPOINT_IS_AWS',
      `host=${hostname} a local run never talks to a real account`,
    );
}
