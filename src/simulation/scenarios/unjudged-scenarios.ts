import type { UnjudgedScenario } from './scenario.ts';

const INSIDE = 'shows inside the bot alone';

/** What no venue can stage, or see the outcome of. */
export const unjudgedScenarios: readonly UnjudgedScenario[] = [
  {
    id: 'F11',
    given: 'a connection that counts as lost',
    when: 'fills still arrive by it',
    must: 'count them',
    notJudged: `${INSIDE}: a venue cannot tell whether a fill was counted or found later`,
  },
  {
    id: 'F18',
    given: 'one account stream for each key',
    when: 'another process holds it',
    must: 'one owner; orders blocked until then',
    notJudged: 'needs a second process of the bot',
  },
  {
    id: 'F20',
    given: 'ten times the usual rate of events',
    when: 'the bot is busy',
    must: 'lose no event between two reads',
    notJudged: `${INSIDE}: what it read is not what it took up`,
  },
  {
    id: 'F22',
    given: 'a day of reconnections',
    when: 'memory is measured',
    must: 'not grow',
    notJudged: `${INSIDE}, and takes a day`,
  },
  {
    id: 'F27',
    given: 'time is taken from the venue',
    when: 'the answers are slow',
    must: 'never sign ahead of the venue',
    notJudged: 'what can be seen of it is judged by G12',
  },
  {
    id: 'G5',
    given: 'the bot changes its symbol',
    when: 'the unsubscription is refused and old ticks go on',
    must: 'let none reach the strategy',
    notJudged: INSIDE,
  },
  {
    id: 'G6',
    given: 'symbols are proposed faster than they can be changed',
    when: 'the bot changes them',
    must: 'let the latest win',
    notJudged: INSIDE,
  },
  {
    id: 'G11',
    given: 'a stopped process and its successor',
    when: 'the old one goes on',
    must: 'place nothing',
    notJudged: 'needs a second process of the bot',
  },
];
