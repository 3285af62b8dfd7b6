import { type ParseArgsConfig, parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';

/** Reads a command line. Throws `ARGUMENTS_INVALID` with the usage for what is no option, or has no value where it needs one. */
export function readCommandLine<const Config extends ParseArgsConfig>(
  config: Config,
  usage: string,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `${messageOf(error)}\n${usage}`);
  }
}
