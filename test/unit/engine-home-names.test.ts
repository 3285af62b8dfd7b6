import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { withHomeNames } from '#engine/home-names.ts';
import { readEngineSettings } from '#engine/settings.ts';

const variables = {
  MILLRACE_ENVIRONMENT: 'prod',
  MILLRACE_BUILD: 'b',
  MILLRACE_MARKET_STREAM: 'ssm:/millrace/prod/names/market-stream',
  MILLRACE_TRADING_STREAM: 'ssm:/millrace/prod/names/trading-stream',
  MILLRACE_LEDGER_TABLE: 'ssm:/millrace/prod/names/ledger-table',
  MILLRACE_CONTROL_TABLE: 'control-by-name',
  MILLRACE_CONFIGURATION: 'ssm:/millrace/prod/configuration',
  MILLRACE_SECRETS: 'millrace/prod',
  MILLRACE_JOURNAL: '/tmp/journal',
  MILLRACE_ENGINES: '3',
  MILLRACE_VENUES: 'binance-usdm, bybit-linear',
  MILLRACE_HOME_REGION: 'ap-southeast-1',
};

describe('an engine away from the home region', () => {
  it('R8: knows its venues, how many share them, and where home is', () => {
    expect(readEngineSettings(variables)).toMatchObject({
      MILLRACE_ENGINES: 3,
      MILLRACE_VENUES: ['binance-usdm', 'bybit-linear'],
      MILLRACE_HOME_REGION: 'ap-southeast-1',
    });
    expect(() => readEngineSettings({ ...variables, MILLRACE_VENUES: 'nowhere', MILLRACE_SHARE: '0' })).toThrow(
      /2 fault\(s\)[\s\S]*MILLRACE_SHARE[\s\S]*MILLRACE_VENUES/,
    );
  });

  it('asks for the names that it was not told, and leaves the others', async () => {
    const ssm = mockClient(SSMClient);
    ssm.on(GetParameterCommand).callsFake(({ Name }) => ({ Parameter: { Value: `the-${Name.split('/').at(-1)}` } }));
    expect(await withHomeNames(readEngineSettings(variables), new SSMClient({}))).toMatchObject({
      MILLRACE_MARKET_STREAM: 'the-market-stream',
      MILLRACE_TRADING_STREAM: 'the-trading-stream',
      MILLRACE_LEDGER_TABLE: 'the-ledger-table',
      MILLRACE_CONTROL_TABLE: 'control-by-name',
      MILLRACE_CONFIGURATION: 'ssm:/millrace/prod/configuration',
    });
    expect(ssm.commandCalls(GetParameterCommand)).toHaveLength(3);
  });

  it('S4: says which name it cannot know, and does not start', async () => {
    const ssm = mockClient(SSMClient);
    ssm.on(GetParameterCommand).rejects(new Error('AccessDenied'));
    await expect(withHomeNames(readEngineSettings(variables), new SSMClient({}))).rejects.toThrow(
      /HOME_NAME_UNKNOWN.*names\/.*AccessDenied/,
    );
  });
});
