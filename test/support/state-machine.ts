import { z } from 'zod';

const condition = z.object({
  Variable: z.string().optional(),
  StringEquals: z.string().optional(),
  NumericEquals: z.number().optional(),
  And: z
    .array(
      z.object({ Variable: z.string(), StringEquals: z.string().optional(), NumericEquals: z.number().optional() }),
    )
    .optional(),
  Next: z.string(),
});

/** The part of the Amazon States Language that our machines use; a state with anything else is refused. */
const state = z.strictObject({
  Type: z.enum(['Task', 'Choice', 'Wait', 'Succeed', 'Fail']),
  /** Of a wait. */
  Seconds: z.number().positive().optional(),
  Comment: z.string().optional(),
  Resource: z.string().optional(),
  Parameters: z.object({ FunctionName: z.string(), Payload: z.record(z.string(), z.unknown()) }).optional(),
  TimeoutSeconds: z.number().positive().optional(),
  Retry: z.array(z.object({ ErrorEquals: z.array(z.string()), MaxAttempts: z.number() }).loose()).optional(),
  Catch: z
    .array(
      z.strictObject({ ErrorEquals: z.tuple([z.literal('States.ALL')]), ResultPath: z.string(), Next: z.string() }),
    )
    .optional(),
  ResultPath: z.string().optional(),
  OutputPath: z.string().optional(),
  Choices: z.array(condition).optional(),
  Default: z.string().optional(),
  Next: z.string().optional(),
  Error: z.string().optional(),
  Cause: z.string().optional(),
});
export const MACHINE = z.object({
  StartAt: z.string(),
  TimeoutSeconds: z.number().positive(),
  States: z.record(z.string(), state),
});
export type Machine = z.infer<typeof MACHINE>;

export interface MachineWorld {
  /** Runs the function with a payload. */
  invoke(payload: unknown): Promise<unknown>;
  /** Lets time pass for a wait; returns the output with which the token was completed, or undefined when it timed out. */
  wait(token: string, seconds: number): Promise<string | undefined>;
  /** Lets time pass for a state that only waits. */
  pass?(seconds: number): Promise<void>;
}

export interface Execution {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly output: unknown;
  /** Names of the states entered, in order. */
  readonly path: readonly string[];
}

/** Runs a machine as Step Functions would, without its retries: a step that fails goes to its catch. */
export async function runMachine(machine: Machine, input: unknown, world: MachineWorld): Promise<Execution> {
  let data = input;
  let name = machine.StartAt;
  const path: string[] = [];
  for (;;) {
    path.push(name);
    if (path.length > 2000) throw new Error('the machine does not end');
    const current = machine.States[name];
    if (current === undefined) throw new Error(`no state ${name}`);
    switch (current.Type) {
      case 'Succeed':
        return { status: 'SUCCEEDED', output: at(data, current.OutputPath ?? '$'), path };
      case 'Fail':
        return { status: 'FAILED', output: current.Error, path };
      case 'Choice':
        name = (current.Choices ?? []).find((each) => matches(each, data))?.Next ?? current.Default ?? '';
        break;
      case 'Wait':
        await world.pass?.(current.Seconds ?? 0);
        name = current.Next ?? '';
        break;
      case 'Task': {
        try {
          const result = await runTask(current, data, world, path.length);
          const merged = current.ResultPath === undefined ? result : put(data, current.ResultPath, result);
          data = at(merged, current.OutputPath ?? '$');
          name = current.Next ?? '';
        } catch (error) {
          const caught = current.Catch?.[0];
          if (caught === undefined) return { status: 'FAILED', output: String(error), path };
          data = put(data, caught.ResultPath, { Error: String(error) });
          name = caught.Next;
        }
      }
    }
  }
}

async function runTask(
  task: z.infer<typeof state>,
  data: unknown,
  world: MachineWorld,
  step: number,
): Promise<unknown> {
  const token = `token-${step}`;
  const payload = Object.fromEntries(
    Object.entries(task.Parameters?.Payload ?? {}).map(([key, value]) => {
      if (!key.endsWith('.$')) return [key, value];
      return [key.slice(0, -2), value === '$$.Task.Token' ? token : at(data, String(value))];
    }),
  );
  // What crosses the service is JSON.
  const answer: unknown = JSON.parse(JSON.stringify((await world.invoke(JSON.parse(JSON.stringify(payload)))) ?? null));
  if (task.Resource?.endsWith('.waitForTaskToken') !== true) return { Payload: answer, StatusCode: 200 };
  const output = await world.wait(token, task.TimeoutSeconds ?? Number.POSITIVE_INFINITY);
  if (output === undefined) throw new Error('States.Timeout');
  return JSON.parse(output);
}

function matches(rule: z.infer<typeof condition>, data: unknown): boolean {
  const one = (each: {
    Variable?: string | undefined;
    StringEquals?: string | undefined;
    NumericEquals?: number | undefined;
  }) => {
    const value = at(data, each.Variable ?? '$');
    return each.StringEquals === undefined ? value === each.NumericEquals : value === each.StringEquals;
  };
  return rule.And === undefined ? one(rule) : rule.And.every(one);
}

function at(data: unknown, path: string): unknown {
  let value = data;
  for (const name of path.split('.').slice(1)) {
    const inner: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (inner === undefined) throw new Error(`no ${path} in the state's data`);
    value = inner;
  }
  return value;
}

function put(data: unknown, path: string, result: unknown): unknown {
  return { ...(typeof data === 'object' ? data : {}), [path.replace('$.', '')]: result };
}
