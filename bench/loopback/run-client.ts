import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type {
  ClientMessage,
  ClientName,
  ClientTask,
  FinishCommand,
  Load,
  ServerMessage,
  ServerTask,
} from './messages.ts';

const WARM_UP_SECONDS = 1;
const WITHIN_MS = 60_000;

/** One client's run. */
export interface ClientRun {
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly cpuMsPerThousand: number;
  /** From handing a message to the kernel to the decision on it, µs, sorted; of paced runs. */
  readonly latenciesUs: Float64Array;
  /** Of a hundred messages, for how many the user's code was called. */
  readonly callbacksPercent: number;
  readonly decisions: number;
}

/** A server and a client, each a process of its own. Throws if a message that was sent was not counted. */
export async function runClient(client: ClientName, load: Load): Promise<ClientRun> {
  const server = start('server-process.ts', { load } satisfies ServerTask);
  let process: ChildProcess | null = null;
  try {
    const { port } = await next<ServerMessage, 'listening'>(server, 'listening');
    const url = `ws://127.0.0.1:${port}/v5/public/linear`;
    process = start('client-process.ts', { client, url, load, warmUpSeconds: WARM_UP_SECONDS } satisfies ClientTask);
    const result = next<ClientMessage, 'result'>(process, 'result');
    const { count, sentAt } = await Promise.race([
      next<ServerMessage, 'sent'>(server, 'sent'),
      result.then(() => Promise.reject(new Error('the client was done too early'))),
    ]);
    process.send({ kind: 'finish', count } satisfies FinishCommand);
    const { received, callbacks, messages, seconds, cpuMs, decidedAt, decisions } = await result;
    if (received !== count) throw new Error(`${client}: ${count} messages sent, ${received} counted`);
    const first = WARM_UP_SECONDS * load.messagesPerSecond;
    return {
      messages,
      messagesPerSecond: messages / seconds,
      cpuMsPerThousand: (cpuMs / messages) * 1_000,
      latenciesUs: decidedAt
        .map((at, index) => (at - (sentAt[index] ?? Number.NaN)) / 1_000)
        .slice(first)
        .sort(),
      callbacksPercent: (callbacks / received) * 100,
      decisions,
    };
  } finally {
    for (const each of [process, server]) each?.kill('SIGKILL');
  }
}

function start(file: string, task: object): ChildProcess {
  return fork(path.join(import.meta.dirname, file), [JSON.stringify(task)], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** The next message of a kind. Rejects if the process ends before, or takes too long. */
function next<Message extends { readonly kind: string }, Kind extends Message['kind']>(
  process: ChildProcess,
  kind: Kind,
): Promise<Extract<Message, { readonly kind: Kind }>> {
  const isWanted = (message: Message): message is Extract<Message, { readonly kind: Kind }> => message.kind === kind;
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no "${kind}" within ${WITHIN_MS} ms`)), WITHIN_MS);
    const end = (code: number | null): void => {
      clearTimeout(late);
      reject(new Error(`a process of the run ended with ${code}`));
    };
    process.once('exit', end);
    process.on('message', (message) => {
      const said = message as Message;
      if (!isWanted(said)) return;
      clearTimeout(late);
      process.off('exit', end);
      resolve(said);
    });
  });
}
