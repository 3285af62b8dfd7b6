import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { askVenue, cancelAtVenue } from '#functions/confirm-step/ask-venue.ts';
import { createVenueAccess } from '#functions/venue-access.ts';
import { buildRecord } from '../support/confirmation-builder.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';

const record = buildRecord();
const missing = new ResourceNotFoundException({ message: 'no such secret', $metadata: {} });

function build(rest: string, insecureAllowed: boolean) {
  const secrets = new SecretsManagerClient({ region: 'eu-west-1' });
  const mock = mockClient(secrets);
  const venue = createVenueAccess({
    secrets,
    prefix: 'millrace/dev',
    environment: {},
    endpoints: { 'binance-usdm': { market: 'ws://a', account: 'ws://b', orders: 'ws://c', rest } },
    insecureAllowed,
    log: () => undefined,
  });
  const ask = () =>
    askVenue(() => venue(record.order), createLedgerReader(createFakeDynamoDb().client, 'ledger'), record, 5);
  return { mock, venue, ask };
}

describe('the venue as a confirmation sees it', () => {
  it('R1: without keys the question fails, names what is missing, and is asked anew once there are keys', async () => {
    const { mock, venue, ask } = build('https://venue.invalid', false);
    mock.on(GetSecretValueCommand).rejects(missing);
    const answer = await ask();
    expect(answer).toMatchObject({ kind: 'failed', round: 0, at: 5 });
    expect(answer.kind === 'failed' && answer.reason).toMatch(
      /VENUE_KEYS_MISSING.*paper\/main\/binance-usdm is missing/,
    );
    expect(await cancelAtVenue(() => venue(record.order), record)).toMatchObject({ answer: 'notSent' });

    const SecretString = JSON.stringify({ key: 'key-abcdef', secret: 'secret-abcdef' });
    mock.on(GetSecretValueCommand).resolves({ SecretString, VersionId: 'v1' });
    await expect(venue(record.order)).resolves.toMatchObject({ orderByClientId: expect.any(Function) });
    await venue(record.order);
    expect(mock.commandCalls(GetSecretValueCommand)).toHaveLength(3);
  });

  it('R7: plain http is refused outside local, as an answer that failed', async () => {
    const { mock, ask } = build('http://127.0.0.1:1', false);
    const SecretString = JSON.stringify({ key: 'key-abcdef', secret: 'secret-abcdef' });
    mock.on(GetSecretValueCommand).resolves({ SecretString, VersionId: 'v1' });
    const answer = await ask();
    expect(answer.kind === 'failed' && answer.reason).toContain('CONNECTION_INSECURE');
    expect(JSON.stringify(answer)).not.toContain('abcdef');
  });
});
