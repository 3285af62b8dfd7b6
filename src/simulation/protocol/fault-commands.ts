import { MillraceError } from '#core/errors.ts';
import { type HalfOpenScope, ONE_SHOT_FAULTS, type OneShotFault, type VenueFaults } from './venue-faults.ts';

const SCOPES: readonly HalfOpenScope[] = ['none', 'market', 'private', 'all'];

/** What can be typed, a line each. */
export const FAULT_COMMANDS = [
  `<fault> [times]: lets it happen to the next that fits; faults: ${ONE_SHOT_FAULTS.join(', ')}`,
  'pause [SYMBOL], resume [SYMBOL]: public data of a symbol, or of all',
  'maintenance on|off',
  `half-open ${SCOPES.join('|')}: connections stay open and mute`,
  'delay MS: how long answers on private connections wait',
  'clock MS: how far the clock of the venue runs ahead',
  'market open|closed: the session, where the venue has sessions',
  'hold MS: how long a connection that was cut still counts as a living one, where the venue takes one for a key',
].join('\n');

/** Carries out one typed command; what it did, in words. Throws `FAULT_UNKNOWN` (class validation), which lists what there is. */
export function runFaultCommand(faults: VenueFaults, line: string): string {
  const [word = '', argument] = line.trim().split(/\s+/);
  const refuse = (): MillraceError =>
    new MillraceError('validation', 'FAULT_UNKNOWN', `line=${JSON.stringify(line.trim())}\n${FAULT_COMMANDS}`);
  const fault = ONE_SHOT_FAULTS.find((each): each is OneShotFault => each === word);
  if (fault !== undefined) {
    const times = argument === undefined ? 1 : Number(argument);
    if (!Number.isInteger(times) || times < 1) throw refuse();
    faults.arm(fault, times);
    return `armed: ${fault} × ${times}`;
  }
  switch (word) {
    case 'pause':
      faults.pausePublic(argument ?? null);
      return `paused: ${argument ?? 'all symbols'}`;
    case 'resume':
      faults.resumePublic(argument ?? null);
      return `resumed: ${argument ?? 'all symbols'}`;
    case 'maintenance':
      if (argument !== 'on' && argument !== 'off') throw refuse();
      faults.setMaintenance(argument === 'on');
      return `maintenance: ${argument}`;
    case 'half-open': {
      const scope = SCOPES.find((each) => each === argument);
      if (scope === undefined) throw refuse();
      faults.setHalfOpen(scope);
      return `half-open: ${scope}`;
    }
    case 'market':
      if (argument !== 'open' && argument !== 'closed') throw refuse();
      faults.setMarketOpen(argument === 'open');
      return `market: ${argument}`;
    case 'delay':
    case 'hold':
    case 'clock': {
      const milliseconds = Number(argument);
      if (argument === undefined || !Number.isFinite(milliseconds)) throw refuse();
      if (word === 'hold') faults.setConnectionHoldMs(Math.max(0, milliseconds));
      else if (word === 'delay') faults.setAnswerDelayMs(Math.max(0, milliseconds));
      else faults.setClockOffsetMs(milliseconds);
      return `${word}: ${milliseconds} ms`;
    }
    default:
      throw refuse();
  }
}
