import { createServer, type Server } from 'node:http';
import { CreateFunctionCommand, type LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import { zipOf } from './zip.ts';

/** A Lambda that asks the test what to do with each invocation, so that its behaviour stands beside what is expected. */
export interface ScriptedFunction {
  readonly name: string;
  readonly arn: string;
  close(): Promise<void>;
}

/** The test's side: gets the event, gives the function's answer; `throw` makes the function throw. */
export type Script = (event: unknown) => Promise<unknown> | unknown;

const HANDLER = `
export async function handler(event) {
  const answer = await fetch(process.env.SCRIPT_URL, { method: 'POST', body: JSON.stringify(event) });
  if (answer.status !== 200) throw new Error(await answer.text());
  return answer.json();
}
`;

/** Deploys a scripted function to the emulator; `handler` is the text of its module, which may post to `SCRIPT_URL`. */
export async function scriptedFunction(
  lambda: LambdaClient,
  name: string,
  script: Script,
  handler: string = HANDLER,
): Promise<ScriptedFunction> {
  const server = await serve(script);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const created = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/scripted',
      Code: { ZipFile: zipOf({ 'index.mjs': handler }) },
      Timeout: 30,
      Environment: { Variables: { SCRIPT_URL: `http://127.0.0.1:${port}/` } },
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 },
    { FunctionName: name },
  );
  return {
    name,
    arn: created.FunctionArn ?? '',
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function serve(script: Script): Promise<Server> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      try {
        const answer = await script(JSON.parse(Buffer.concat(parts).toString('utf8')));
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? null));
      } catch (thrown) {
        response.writeHead(500).end(thrown instanceof Error ? thrown.message : String(thrown));
      }
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
