import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { MillraceError } from '#core/errors.ts';
import { ROOT } from './paths.ts';
import { endGroup } from './process-group.ts';

const CDK = path.join(ROOT, 'node_modules/aws-cdk/bin/cdk');
const KEPT_LINES = 40;
const STOP_GRACE_MS = 2000;

export interface CdkOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Where it runs; default: the project, whose cdk.json names the app. */
  readonly folder?: string | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs one command of the CDK's own CLI. Cancelling it ends the whole process group it started.
 * @throws MillraceError CDK_FAILED with the end of its output, CDK_CANCELLED
 */
export async function cdk(args: readonly string[], options: CdkOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const child = spawn(process.execPath, [CDK, '--no-color', '--no-notices', '--no-version-reporting', ...args], {
    cwd: options.folder ?? ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...options.environment,
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${options.environment.PATH ?? ''}`,
      CDK_DISABLE_VERSION_CHECK: '1',
      CI: 'true',
    },
  });
  const { pid } = child;
  const cancel = () => {
    if (pid !== undefined) void endGroup(pid, STOP_GRACE_MS);
  };
  options.signal?.addEventListener('abort', cancel);
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      options.onLine?.(line);
    });
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === null ? `${signal}` : String(code)));
  });
  options.signal?.removeEventListener('abort', cancel);
  if (options.signal?.aborted === true) throw new MillraceError('configuration', 'CDK_CANCELLED', `command=${args[0]}`);
  if (how !== '0')
    throw new MillraceError('configuration', 'CDK_FAILED', `command=${args[0]} exit=${how}\n${kept.join('\n').trim()}`);
}
