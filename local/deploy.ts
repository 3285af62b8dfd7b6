import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { MillraceError } from '#core/errors.ts';
import { emulatedClientSettings, LOCAL_REGION } from './aws-environment.ts';
import { cdk } from './cdk-command.ts';
import type { Emulator } from './emulator.ts';
import { ROOT, STATE } from './paths.ts';

const ASSEMBLIES = path.join(STATE, 'assemblies');
/** Assemblies of this many states of the sources are kept, the latest used first. */
const KEPT_ASSEMBLIES = 4;
const ACCOUNT = '000000000000';
const CONCURRENCY = '4';

export interface DeployOptions {
  readonly emulator: Emulator;
  /** Settings of the deploying process that the stacks read, such as `MILLRACE_VENUE_ENDPOINTS`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told of what is going on, a line at a time. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What the stacks have published, by the name of the output (`MarketStream`, `ConfirmFunction`, …). */
export interface Deployment {
  readonly outputs: Readonly<Record<string, string>>;
  /** @throws MillraceError OUTPUT_MISSING */
  output(name: string): string;
  /** Milliseconds of each step. */
  readonly tookMs: Readonly<Record<'synthesize' | 'bootstrap' | 'deploy', number>>;
}

/**
 * Deploys the environment `local` with the CDK's own CLI: `bootstrap` and synthesis side by side, then `deploy --all`. An assembly that was
 * made from the same sources and settings before is deployed again as it is.
 * @throws MillraceError CDK_FAILED, CDK_CANCELLED
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { emulator, onProgress, signal } = options;
  const environment = { ...emulator.environment, ...options.settings };
  const run = (args: readonly string[], onLine?: (line: string) => void) => cdk(args, { environment, onLine, signal });
  const started = performance.now();
  const took = (since: number) => Math.round(performance.now() - since);
  const synthesis = (async () => {
    const assembly = await synthesized(options.settings ?? {}, run, onProgress);
    return { assembly, ms: took(started) };
  })();
  const bootstrap = (async () => {
    onProgress?.('preparing the emulated account (cdk bootstrap)');
    // Its own folder for context and lock, so that it does not meet the synthesis.
    await run([
      'bootstrap',
      `aws://${ACCOUNT}/${LOCAL_REGION}`,
      '--app',
      'true',
      '--output',
      path.join(STATE, 'cdk-bootstrap'),
    ]);
    return took(started);
  })();
  const [synthesisEnd, bootstrapEnd] = await Promise.allSettled([synthesis, bootstrap]);
  if (synthesisEnd.status === 'rejected') throw synthesisEnd.reason;
  if (bootstrapEnd.status === 'rejected') throw bootstrapEnd.reason;
  const { assembly, ms } = synthesisEnd.value;
  const deployStarted = performance.now();
  onProgress?.('deploying the stacks (cdk deploy)');
  await run(
    [
      'deploy',
      '--all',
      '--app',
      assembly,
      '--require-approval',
      'never',
      '--concurrency',
      CONCURRENCY,
      '--progress',
      'events',
    ],
    (line) => {
      if (/^\s*(✅|❌|Millrace-\S+: (deploying|creating))/.test(line)) onProgress?.(line.trim());
    },
  );
  const outputs = await readOutputs(emulator.endpoint);
  return {
    outputs,
    output(name) {
      const value = outputs[name];
      if (value === undefined)
        throw new MillraceError(
          'configuration',
          'OUTPUT_MISSING',
          `output=${name} known=${Object.keys(outputs).join(',')}`,
        );
      return value;
    },
    tookMs: { synthesize: ms, bootstrap: bootstrapEnd.value, deploy: took(deployStarted) },
  };
}

async function synthesized(
  settings: Readonly<Record<string, string>>,
  run: (args: readonly string[]) => Promise<void>,
  onProgress?: (line: string) => void,
): Promise<string> {
  const folder = path.join(ASSEMBLIES, inputsHash(settings));
  if (existsSync(path.join(folder, 'manifest.json'))) {
    onProgress?.('the stacks are unchanged since they were last synthesized');
    return folder;
  }
  onProgress?.('synthesizing the stacks (cdk synth)');
  const draft = `${folder}.${process.pid}`;
  mkdirSync(ASSEMBLIES, { recursive: true });
  try {
    await run(['synth', '--quiet', '-c', 'environment=local', '--output', draft]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  forgetOldAssemblies();
  return folder;
}

function forgetOldAssemblies(): void {
  const byAge = readdirSync(ASSEMBLIES)
    .map((name) => path.join(ASSEMBLIES, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of byAge.slice(KEPT_ASSEMBLIES)) rmSync(folder, { recursive: true, force: true });
}

/** Everything that an assembly is made from: sources, locked dependencies, the CDK's settings, the settings of the process. */
const INPUTS = [
  'bin',
  'lib',
  'functions',
  'src',
  'containers',
  'cdk.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

function inputsHash(settings: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256');
  const sorted = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify([process.version, sorted]));
  const visit = (relative: string): void => {
    const absolute = path.join(ROOT, relative);
    if (!existsSync(absolute)) return;
    if (statSync(absolute).isDirectory()) {
      for (const name of readdirSync(absolute).sort()) visit(path.join(relative, name));
      return;
    }
    hash.update(`${relative}\0`).update(readFileSync(absolute)).update('\0');
  };
  for (const input of INPUTS) visit(input);
  return hash.digest('hex').slice(0, 24);
}

async function readOutputs(endpoint: string): Promise<Readonly<Record<string, string>>> {
  const client = new CloudFormationClient(emulatedClientSettings(endpoint));
  try {
    const outputs: Record<string, string> = {};
    const { Stacks: stacks } = await client.send(new DescribeStacksCommand({}));
    for (const stack of stacks ?? []) {
      if (stack.StackName?.startsWith('Millrace-') !== true) continue;
      for (const { OutputKey: key, OutputValue: value } of stack.Outputs ?? [])
        if (key !== undefined && value !== undefined) outputs[key] = value;
    }
    return outputs;
  } finally {
    client.destroy();
  }
}
