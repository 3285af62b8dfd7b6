import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './paths.mjs';
import { SetupError } from './report.mjs';

/**
 * @typedef {(script: string, args: readonly string[]) => Promise<number>} RunNode runs a script on the project's Node
 * @typedef {object} Command
 * @property {string} summary
 * @property {boolean} python whether it needs the emulator
 * @property {(node: RunNode, args: readonly string[]) => Promise<number>} run ends with the exit code
 */

/** @param {string} script relative to the project @returns {Command['run']} */
function target(script) {
  return (node, args) => {
    const file = path.join(ROOT, script);
    if (!existsSync(file)) throw new SetupError('TARGET_MISSING', `file=${script}. This checkout is incomplete.`);
    return node(file, args);
  };
}

/** @param {string} name of a package's program in node_modules */
const tool = (name) => path.join(ROOT, 'node_modules', name);

/** Types, then lint and format: both always run, so that all faults are seen at once. @param {RunNode} node @returns {Promise<number>} how many failed */
async function failedChecks(node) {
  const types = await node(tool('typescript/bin/tsc'), ['--noEmit', '-p', ROOT]);
  const style = await node(tool('@biomejs/biome/bin/biome'), ['check', '--max-diagnostics=200', ROOT]);
  return (types === 0 ? 0 : 1) + (style === 0 ? 0 : 1);
}

/** @type {Command['run']} */
async function check(node) {
  return (await failedChecks(node)) === 0 ? 0 : 1;
}

/** Checks (unless single files were asked for), then the tests, whose closing line is the last of the output. @type {Command['run']} */
async function test(node, args) {
  const failed = args.some((argument) => !argument.startsWith('-')) ? 0 : await failedChecks(node);
  if (failed > 0) process.env.MILLRACE_CHECKS_FAILED = String(failed);
  const tested = await node(tool('vitest/vitest.mjs'), ['run', ...args]);
  return tested !== 0 ? tested : Math.min(1, failed);
}

/** @type {Command['run']} */
async function campaign(node, args) {
  return node(tool('vitest/vitest.mjs'), ['run', '--config', path.join(ROOT, 'vitest.campaign.config.ts'), ...args]);
}

/** Every command by its name. @type {Readonly<Record<string, Command>>} */
export const COMMANDS = {
  start: { summary: 'run the whole pipeline here', python: true, run: target('local/start/main.ts') },
  test: { summary: 'check and run all tests; arguments filter files', python: true, run: test },
  campaign: {
    summary: 'longer tests, and clients of other people against the simulated venues',
    python: true,
    run: campaign,
  },
  check: { summary: 'types, lint, format', python: false, run: check },
  normalize: {
    summary: 'recorded frames in, normalized lines out',
    python: false,
    run: target('src/research/normalize.ts'),
  },
  'fault-venue': { summary: 'one simulated venue alone', python: false, run: target('src/simulation/fault-venue.ts') },
  bench: { summary: 'benchmarks', python: false, run: target('bench/run.ts') },
  soak: { summary: 'memory and accounting under a steady load', python: false, run: target('bench/soak.ts') },
  world: {
    summary: 'simulated worlds: the trading core against a venue that misbehaves, on a virtual clock',
    python: false,
    run: target('test/world/main.ts'),
  },
  mutants: {
    summary: 'alter each row of the order, lane and risk tables, and look which of the worlds find it',
    python: false,
    run: target('test/world/mutants-main.ts'),
  },
  replay: {
    summary: 'the log of an engine again: the same effects, or the first that differs',
    python: false,
    run: target('src/research/replay/main.ts'),
  },
  'train-filter': {
    summary: 'learn an entry filter from normalized data',
    python: false,
    run: target('src/research/train-filter.ts'),
  },
  scale: {
    summary: 'what a load takes and costs',
    python: false,
    run: target('src/research/scale/main.ts'),
  },
  reference: {
    summary: 'write the documents that are generated from the code',
    python: false,
    run: target('src/research/reference-documents.ts'),
  },
  stop: {
    summary: 'emergency stop: no entries, orders cancelled, with --flatten positions closed',
    python: false,
    run: target('local/stop/main.ts'),
  },
  audit: {
    summary: 'what became of each order, with its evidence, and what of that does not hold',
    python: false,
    run: target('local/audit/main.ts'),
  },
  'set-up': { summary: 'only the set-up', python: true, run: async () => 0 },
};

/** One line per command. */
export function usage() {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return Object.entries(COMMANDS)
    .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
    .join('\n');
}
