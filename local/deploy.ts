import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { MillraceError } from '#core/errors.ts';
import { emulatedClientSettings, LOCAL_REGION } from './aws-environment.ts';
import { cdk } from './cdk-command.ts';
import type { Emulator } from './emulator.ts';

const ACCOUNT = '000000000000';
const UNATTENDED = ['--require-approval', 'never', '--concurrency', '4', '--progress', 'events'];

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
 * Deploys the environment `local` with the CDK's own CLI: `bootstrap` and synthesis side by side, then `deploy --all`.
 * @throws MillraceError CDK_FAILED, CDK_CANCELLED
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { emulator, onProgress, signal } = options;
  const environment = { ...emulator.environment, ...options.settings };
  const work = mkdtempSync(path.join(tmpdir(), 'millrace-deploy-'));
  const assembly = path.join(work, 'assembly');
  try {
    onProgress?.('synthesizing the stacks (cdk synth), preparing the emulated account (cdk bootstrap)');
    const [synthesize, bootstrap] = await Promise.allSettled([
      timed(() => cdk(['synth', '--quiet', '-c', 'environment=local', '--output', assembly], { environment, signal })),
      // In a folder without a cdk.json: the app is not needed for it.
      timed(() => cdk(['bootstrap', `aws://${ACCOUNT}/${LOCAL_REGION}`], { environment, folder: work, signal })),
    ]);
    if (synthesize.status === 'rejected') throw synthesize.reason;
    if (bootstrap.status === 'rejected') throw bootstrap.reason;
    onProgress?.('deploying the stacks (cdk deploy)');
    const deployed = await timed(() =>
      cdk(['deploy', '--all', '--app', assembly, ...UNATTENDED], {
        environment,
        signal,
        onLine: (line) => {
          const stack = /^\s*(?:✅|❌)\s+(\S+)/.exec(line)?.[1];
          if (stack !== undefined) onProgress?.(`${line.includes('✅') ? 'deployed' : 'failed'} ${stack}`);
        },
      }),
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
      tookMs: { synthesize: synthesize.value, bootstrap: bootstrap.value, deploy: deployed },
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round(performance.now() - started);
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
