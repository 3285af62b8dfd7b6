import { inspect } from 'node:util';
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it, vi } from 'vitest';
import { createLog } from '#aws/log.ts';
import { createVenueSecrets, environmentName, type KeysStatus } from '#aws/secrets.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { createRedactor } from '#core/redaction.ts';
import { createManualClock } from '../support/manual-clock.ts';

const unit: UnitRef = { mode: 'testnet', account: 'desk-a', venue: 'bybit-linear' };

function build(environment: Record<string, string> = {}, prefix: string | null = 'millrace/dev') {
  const manual = createManualClock();
  const client = new SecretsManagerClient({ region: 'eu-west-1' });
  const mock = mockClient(client);
  const changes: KeysStatus[] = [];
  const redactor = createRedactor();
  const secrets = createVenueSecrets({
    client,
    prefix,
    units: [unit],
    environment,
    redactor,
    timers: manual.timers,
    random: { next: () => 0.5 },
    onChange: (status) => changes.push(status),
  });
  const answer = (key: string, secret: string, VersionId: string) =>
    mock.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify({ key, secret }), VersionId });
  return { manual, mock, secrets, changes, redactor, answer };
}

const missing = new ResourceNotFoundException({ message: 'no such secret', $metadata: {} });

describe('venue secrets', () => {
  it('R1: keys come from the secret named by mode, account and venue', async () => {
    const { secrets, mock, answer } = build();
    answer('key-1-abcdef', 'secret-1-abcdef', 'v1');
    await secrets.start();

    expect(secrets.keys(unit)).toMatchObject({ key: 'key-1-abcdef', secret: 'secret-1-abcdef' });
    expect(mock.commandCalls(GetSecretValueCommand)[0]?.args[0].input).toEqual({
      SecretId: 'millrace/dev/testnet/desk-a/bybit-linear',
    });
    expect(secrets.status(unit)).toMatchObject({ source: 'secretsManager', versionId: 'v1', reason: null });
    secrets.stop();
  });

  it('R1: a missing secret falls back to the environment, and without one the unit is degraded, not the process', async () => {
    const name = environmentName(unit);
    expect(name).toBe('MILLRACE_SECRET_TESTNET_DESK_A_BYBIT_LINEAR');
    const withFallback = build({ [`${name}_KEY`]: 'env-key-123', [`${name}_SECRET`]: 'env-secret-123' });
    withFallback.mock.on(GetSecretValueCommand).rejects(missing);
    await withFallback.secrets.start();
    expect(withFallback.secrets.keys(unit)?.key).toBe('env-key-123');
    expect(withFallback.secrets.status(unit)).toMatchObject({ source: 'environment', reason: null });
    withFallback.secrets.stop();

    const without = build();
    without.mock.on(GetSecretValueCommand).rejects(missing);
    await without.secrets.start();
    expect(without.secrets.keys(unit)).toBeNull();
    expect(without.secrets.status(unit).reason).toContain('testnet/desk-a/bybit-linear is missing');
    without.secrets.stop();
  });

  it('G9: a rotated key is in use within 60 s, a broken one leaves the last good one in use and says so', async () => {
    const { secrets, manual, answer, mock, changes } = build();
    answer('key-1-abcdef', 'secret-1-abcdef', 'v1');
    await secrets.start();

    mock.on(GetSecretValueCommand).resolves({ SecretString: 'not json: secret-9', VersionId: 'v2' });
    await manual.advanceAsync(60_000);
    expect(secrets.keys(unit)?.key).toBe('key-1-abcdef');
    expect(secrets.status(unit).reason).toContain('last good keys');
    expect(secrets.status(unit).reason).not.toContain('secret-9');

    answer('key-3-abcdef', 'secret-3-abcdef', 'v3');
    await manual.advanceAsync(60_000);
    expect(secrets.keys(unit)?.key).toBe('key-3-abcdef');
    expect(changes.map((change) => change.versionId)).toEqual(['v1', 'v1', 'v3']);
    secrets.stop();
    expect(manual.pending).toBe(0);
  });

  it('R1: a refresh that fails keeps the last good keys', async () => {
    const { secrets, manual, answer, mock } = build();
    answer('key-1-abcdef', 'secret-1-abcdef', 'v1');
    await secrets.start();
    mock.on(GetSecretValueCommand).rejects(new Error('timeout'));
    await secrets.refresh(unit);

    expect(secrets.keys(unit)?.secret).toBe('secret-1-abcdef');
    expect(secrets.status(unit).reason).toContain('timeout');
    answer('key-1-abcdef', 'secret-1-abcdef', 'v1');
    await manual.advanceAsync(60_000);
    expect(secrets.status(unit).reason).toBeNull();
    secrets.stop();
  });

  it('R6: keys show nothing of themselves, printed or as JSON, and are known to the redactor', async () => {
    const { secrets, answer, redactor } = build();
    answer('key-1-abcdef', 'secret/1+abcdef', 'v1');
    await secrets.start();
    const keys = secrets.keys(unit);

    expect(JSON.stringify({ keys })).not.toContain('abcdef');
    expect(inspect({ keys })).not.toContain('abcdef');
    expect(redactor.text('GET /x?k=key-1-abcdef&s=secret%2F1%2Babcdef')).not.toContain('abcdef');
    secrets.stop();
  });
});

describe('redaction', () => {
  it('R6: secret-shaped names are redacted in objects and in running text, other words are not', () => {
    const redactor = createRedactor();
    const shown = JSON.stringify(
      redactor.value({
        headers: { 'X-MBX-APIKEY': 'aaaa1111', 'X-BAPI-SIGN': 'bbbb2222', accept: 'json' },
        url: 'https://x/y?symbol=BTCUSDT&signature=cccc3333&recvWindow=5000',
        nested: [{ apiSecret: 'dddd4444' }, new Error('apiKey=eeee5555 was refused')],
        reason: 'signature is not valid',
        taskToken: 'ffff6666',
        count: 3,
      }),
    );
    for (const secret of ['1111', '2222', '3333', '4444', '5555', '6666']) expect(shown).not.toContain(secret);
    for (const kept of ['BTCUSDT', 'recvWindow=5000', 'signature is not valid', '"accept":"json"', '"count":3']) {
      expect(shown).toContain(kept);
    }
  });

  it('R6: a registered value is found wherever it stands; a cycle is cut, not followed', () => {
    const redactor = createRedactor();
    redactor.register('s3cr3t-"value"');
    const cyclic: Record<string, unknown> = { note: 'it is s3cr3t-"value" indeed' };
    cyclic.self = cyclic;

    expect(redactor.value(cyclic)).toEqual({ note: 'it is [redacted] indeed', self: '[circular]' });
    expect(redactor.text(JSON.stringify({ a: 's3cr3t-"value"' }))).toBe('{"a":"[redacted]"}');
  });

  it('R6: the logger redacts its text, its fields and the errors in them', () => {
    const redactor = createRedactor();
    redactor.register('top-secret-value');
    const written: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    const spyError = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    const log = createLog({ service: 'test', redactor, fields: { build: 'b1' } });
    log('error', 'refused top-secret-value', {
      error: new Error('bad top-secret-value', { cause: new Error('top-secret-value') }),
      credentials: { key: 'k' },
    });
    spy.mockRestore();
    spyError.mockRestore();

    const text = written.join('');
    expect(text).toContain('refused [redacted]');
    expect(text).toContain('"build":"b1"');
    expect(text).not.toContain('top-secret-value');
  });
});
