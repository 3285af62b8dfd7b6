import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { main } from '#simulation/fault-venue.ts';
import { createBotWatch } from '#simulation/scenarios/bot-watch.ts';
import { runScenario } from '#simulation/scenarios/run-scenario.ts';
import type { JudgedScenario, Verdict } from '#simulation/scenarios/scenario.ts';
import { scenarios } from '#simulation/scenarios/scenarios.ts';
import { lineOf } from '#simulation/scenarios/score-card.ts';
import { installPeers } from '../../bench/comparison/install.ts';
import { startNaiveClient } from '../../bench/naive-client.ts';
import { openEngineWorld } from '../support/engine-world.ts';

const VENUE = 'bybit-linear';
const PATIENCE_S = 25;
/** The engine cancels an entry now and then, not each time. */
const PATIENCE_OF_OURS_MS = 60_000;
/** Bots of their own making are cheap: many venues at once. */
const AT_ONCE = 6;

const judged = scenarios.filter(
  (each): each is JudgedScenario => !('notJudged' in each) && each.venues.includes(VENUE),
);

/** Where the bot is killed and started again, the engine is judged as a process, in `faults-restarts.test.ts`. */
const ofOurs = judged.filter(({ owner }) => owner === undefined);
/** A crash, and the time until somebody has started it again. */
const AWAY_MS = 3_000;

/** The verdicts that the document tells: `| F1 | … | survived | failed |`. */
function toldCards(): ReadonlyMap<string, { readonly ours: string; readonly naive: string }> {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../docs/fault-venue.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([FG]\d+b?) \| [^|]+ \| ([^|:]+)(?::[^|]*)? \| ([^|:]+)(?::[^|]*)? \|$/gm)];
  return new Map(rows.map(([, id = '', ours = '', naive = '']) => [id, { ours: ours.trim(), naive: naive.trim() }]));
}

const WORDS: Readonly<Record<Verdict['kind'], string>> = {
  survived: 'survived',
  failed: 'failed',
  notJudged: 'not judged',
};

/** Entries that rest follow their touch, so that an amendment can be struck. */
function following(configuration: RuntimeConfiguration): RuntimeConfiguration {
  for (const { strategy } of configuration.lanes) strategy.repegTicks = 1;
  return configuration;
}

/** The real engine on its own venue, for one scenario. */
async function scoreOurs(scenario: JudgedScenario): Promise<Verdict> {
  const nowMs = () => performance.now();
  const watch = createBotWatch(VENUE, nowMs);
  const world = await openEngineWorld({
    venue: VENUE,
    traffic: watch.traffic,
    change: scenario.id === 'F14' ? following : (plain) => plain,
  });
  const unfollow = watch.follow(world.exchange, 'main');
  try {
    await world.until('it trades', () => watch.acts.some(({ kind }) => kind === 'order'), 30_000);
    const { venue, exchange } = world;
    return await runScenario(
      scenario,
      { venue, exchange, account: 'main', watch, nowMs },
      { patienceMs: PATIENCE_OF_OURS_MS },
    );
  } finally {
    unfollow();
    await world.close();
  }
}

/** The program as anybody runs it, with the naive client connected to what it prints. */
async function scoreNaive({ id }: JudgedScenario): Promise<string> {
  const said: string[] = [];
  let bot: ReturnType<typeof startNaiveClient> | null = null;
  const value = (name: string) =>
    said.map((line) => new RegExp(`^ {2}${name} +(\\S+)$`).exec(line)?.[1]).find((each) => each !== undefined) ?? '';
  const start = (): void => {
    const [rest, stream, key, secret] = [value('rest'), value('account'), value('key'), value('secret')];
    bot = startNaiveClient({ rest, stream, key, secret, symbol: 'BTCUSDT', size: 0.05, digits: 3 });
  };
  await main(['--venue', VENUE, '--scenario', id, '--score', '--patience', String(PATIENCE_S)], {
    commands: null,
    signal: new AbortController().signal,
    complain: (line) => said.push(line),
    say(line) {
      said.push(line);
      if (line.startsWith(`${id}: now `)) {
        bot?.stop();
        setTimeout(start, AWAY_MS);
      }
      if (line === 'Ctrl-C ends it.') start();
    },
  });
  (bot as { stop(): void } | null)?.stop();
  const line = said.find((each) => each.startsWith(id.padEnd(4)) && !each.includes(' strikes: '));
  return line ?? said.join('\n');
}

describe('M5: the score cards of the document', () => {
  beforeAll(() => installPeers(), 120_000);

  it.each(ofOurs)('$id: the engine is judged as the document says', async (scenario) => {
    const verdict = await scoreOurs(scenario);
    console.log(lineOf({ scenario, verdict }));
    expect(WORDS[verdict.kind], verdict.because).toBe(toldCards().get(scenario.id)?.ours);
  });

  it('the naive client is judged as the document says, and fails what it must fail', async () => {
    const lines: string[] = [];
    const left = [...judged];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) lines.push(await scoreNaive(next));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    console.log(lines.sort().join('\n'));
    const verdicts = lines.map((line) => [line.slice(0, 4).trim(), line.slice(4, 15).trim().toLowerCase()]);
    const told = toldCards();
    expect(Object.fromEntries(verdicts)).toEqual(Object.fromEntries(judged.map(({ id }) => [id, told.get(id)?.naive])));
    for (const id of ['F1', 'F4', 'F6', 'F10', 'F13', 'F14', 'F17', 'F19', 'F21', 'F23'])
      expect(told.get(id)?.naive).toBe('failed');
  });
});
