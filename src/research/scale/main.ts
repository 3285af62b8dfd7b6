import { parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';
import { scaleLines } from './scale-reference.ts';

const USAGE = 'npm run scale -- [--rate MESSAGES_PER_SECOND] [--orders ORDERS_PER_DAY]';

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new MillraceError('configuration', 'ARGUMENTS_INVALID', `--${name} must be a positive whole number\n${USAGE}`);
}

try {
  const { values } = parseArgs({
    options: { rate: { type: 'string', default: '10000' }, orders: { type: 'string', default: '10000' } },
  });
  const load = {
    messagesPerSecond: wholeNumber('rate', values.rate),
    ordersPerDay: wholeNumber('orders', values.orders),
  };
  for (const line of scaleLines(load)) process.stdout.write(`${line}\n`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}
