import type { UnjudgedScenario } from './scenario.ts';

const RESTART = 'needs the bot to be stopped and started again, which a venue cannot do';
const INSIDE = 'shows inside the bot alone';

/** What no venue can stage, or see the outcome of. */
export const unjudgedScenarios: readonly UnjudgedScenario[] = [
  {
    id: 'F5',
    given: 'an order that is an hour old',
    when: 'the question for it fails at start',
    must: 'leave it open and flagged',
    notJudged: RESTART,
  },
  {
    id: 'F7',
    given: 'a position older than the history that is asked for',
    when: 'the bot starts',
    must: 'adopt it, and only reduce at first',
    notJudged: RESTART,
  },
  {
    id: 'F9',
    given: 'many working orders',
    when: 'the bot is killed and started again',
    must: 'know all of them again',
    notJudged: RESTART,
  },
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
    id: 'G10',
    given: 'an order on its way',
    when: 'the bot is killed before it is sent, acknowledged or filled',
    must: 'find it: no duplicate, no orphan',
    notJudged: RESTART,
  },
  {
    id: 'G11',
    given: 'a stopped process and its successor',
    when: 'the old one goes on',
    must: 'place nothing',
    notJudged: 'needs a second process of the bot',
  },
];
