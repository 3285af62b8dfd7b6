import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { EngineSettings } from './settings.ts';

const NAMES = [
  'MILLRACE_MARKET_STREAM',
  'MILLRACE_TRADING_STREAM',
  'MILLRACE_LEDGER_TABLE',
  'MILLRACE_CONTROL_TABLE',
] as const;
const ASKED = 'ssm:';

/**
 * The settings with the names of the home region's streams and tables: outside it the template knows only where they are published (`ssm:<parameter>`), and the engine asks
 * once at its start. Throws `HOME_NAME_UNKNOWN` (configuration).
 */
export async function withHomeNames(settings: EngineSettings, ssm: SSMClient): Promise<EngineSettings> {
  const found = { ...settings };
  await Promise.all(
    NAMES.filter((name) => settings[name].startsWith(ASKED)).map(async (name) => {
      found[name] = await ask(ssm, name, settings[name].slice(ASKED.length));
    }),
  );
  return found;
}

async function ask(ssm: SSMClient, name: string, parameter: string): Promise<string> {
  try {
    const value = (await ssm.send(new GetParameterCommand({ Name: parameter }))).Parameter?.Value;
    if (value !== undefined && value !== '') return value;
  } catch (error) {
    throw new MillraceError('configuration', 'HOME_NAME_UNKNOWN', `${name} ${parameter}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new MillraceError('configuration', 'HOME_NAME_UNKNOWN', `${name} ${parameter}: it is empty`);
}
