import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/*
 * The only place where clients of AWS services are made. Region and credentials come from the process's surroundings, and so does the
 * endpoint: the SDK reads AWS_ENDPOINT_URL by itself. What runs in a venue's region reaches the home region's services by MILLRACE_HOME_REGION. A bundle holds only the clients that it asks for.
 */

export interface ClientSettings {
  /** Longest time for a request, its answer included, ms. */
  readonly requestTimeoutMs?: number;
  /** Tries of the SDK itself, the first included; 1 where the caller retries with better knowledge. */
  readonly maxAttempts?: number;
  readonly maxSockets?: number;
}

interface CommonSettings {
  readonly region?: string;
  readonly maxAttempts: number;
  readonly requestHandler: NodeHttpHandler;
}

/**
 * HTTP/1.1 on kept connections. Kinesis' default of HTTP/2 opens a session for each request and costs nearly twice the CPU
 * (`docs/formats.md`, "Sending"); for the other services this is the default with time limits.
 */
function commonSettings(settings: ClientSettings): CommonSettings {
  const agent = { keepAlive: true, maxSockets: settings.maxSockets ?? 50 };
  const home = process.env.MILLRACE_HOME_REGION;
  return {
    ...(home === undefined ? {} : { region: home }),
    maxAttempts: settings.maxAttempts ?? 3,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 2_000,
      requestTimeout: settings.requestTimeoutMs ?? 10_000,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  };
}

export function createKinesisClient(settings: ClientSettings = {}): KinesisClient {
  return new KinesisClient(commonSettings(settings));
}

/** Items come and go as plain values; `undefined` is left out, as in JSON. */
export function createDynamoDbClient(settings: ClientSettings = {}): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient(commonSettings(settings)), {
    marshallOptions: { removeUndefinedValues: true },
  });
}

/** Path style where an endpoint is set: bucket names are no host names on a machine of one's own. */
export function createS3Client(settings: ClientSettings = {}): S3Client {
  return new S3Client({ ...commonSettings(settings), forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
}

export function createSqsClient(settings: ClientSettings = {}): SQSClient {
  return new SQSClient(commonSettings(settings));
}

export function createSnsClient(settings: ClientSettings = {}): SNSClient {
  return new SNSClient(commonSettings(settings));
}

export function createStepFunctionsClient(settings: ClientSettings = {}): SFNClient {
  return new SFNClient(commonSettings(settings));
}

export function createSecretsClient(settings: ClientSettings = {}): SecretsManagerClient {
  return new SecretsManagerClient(commonSettings(settings));
}

export function createParameterClient(settings: ClientSettings = {}): SSMClient {
  return new SSMClient(commonSettings(settings));
}
