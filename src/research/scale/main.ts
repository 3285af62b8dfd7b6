import { MillraceError, messageOf } from '#core/errors.ts';
import { readCommandLine } from '../command-line.ts';
import { scaleLines } from './scale-reference.ts';

const USAGE = 'npm run scale -- [--rate MESSAGES_PER_SECOND] [--orders ORDERS_PER_DAY]';

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `--${name} must be a positive whole number\n${USAGE}`);
}

try {
  const options = {
    rate: { type: 'string', default: '10000' },
    orders: { type: 'string', default: '10000' },
  } as const;
  const { values } = readCommandLine({ options }, USAGE);
  const load = {
    messagesPerSecond: wholeNumber('rate', values.rate),
    ordersPerDay: wholeNumber('orders', values.orders),
  };
  process.stdout.write(`${scaleLines(load).join('\n')}\n`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}
