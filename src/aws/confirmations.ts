import { DescribeExecutionCommand, ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { z } from 'zod';

const outcome = z.object({
  clientOrderId: z.string(),
  state: z.enum(['Denied', 'Filled', 'Canceled', 'Rejected', 'Expired', 'Unknown']),
  by: z.enum(['callback', 'query', 'person', 'nobody']),
  reason: z.string().default(''),
});

/** One execution, as listed and described. */
export type ListedConfirmation =
  | { readonly clientOrderId: string; readonly kind: 'ended'; readonly outcome: z.infer<typeof outcome> }
  | { readonly clientOrderId: string; readonly kind: 'running' }
  /** Failed, timed out, aborted, or with an output that is not ours. */
  | { readonly clientOrderId: string; readonly kind: 'broken'; readonly reason: string };

/** Counts by outcome and by method, from the executions themselves. */
export interface ConfirmationCounts {
  readonly running: number;
  /** Ended in a state other than Unknown, with evidence. Orders that risk denied are counted apart: they were never submitted. */
  readonly confirmed: number;
  readonly confirmedByQuery: number;
  readonly denied: number;
  /** Ended without a proven state: Unknown, failed, timed out or aborted. */
  readonly unconfirmed: number;
  readonly byState: Readonly<Record<string, number>>;
  readonly byMethod: Readonly<Record<'callback' | 'query' | 'person' | 'nobody', number>>;
}

export interface ListConfirmationsOptions {
  /** Only executions that started at or after this, ms since 1970. */
  readonly since?: number;
  /** Ended executions of earlier listings, by order: they are not described again. Filled in by each listing. */
  readonly known?: Map<string, ListedConfirmation>;
  /** Descriptions asked for at the same time. */
  readonly parallel?: number;
}

/** Lists every execution of the confirmation machine and describes those that succeeded. */
export async function listConfirmations(
  client: SFNClient,
  machineArn: string,
  options: ListConfirmationsOptions = {},
): Promise<readonly ListedConfirmation[]> {
  const { since = 0, parallel = 8, known = new Map<string, ListedConfirmation>() } = options;
  const listed: { arn: string; name: string; status: string }[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new ListExecutionsCommand({ stateMachineArn: machineArn, maxResults: 1000, ...(nextToken ? { nextToken } : {}) }),
    );
    for (const { executionArn, name, status, startDate } of page.executions ?? []) {
      if (executionArn === undefined || name === undefined || (startDate?.getTime() ?? 0) < since) continue;
      listed.push({ arn: executionArn, name, status: status ?? 'UNKNOWN' });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);

  const confirmations: ListedConfirmation[] = [];
  for (let start = 0; start < listed.length; start += parallel) {
    const some = listed.slice(start, start + parallel);
    confirmations.push(
      ...(await Promise.all(some.map(async (each) => known.get(each.name) ?? (await describe(client, each))))),
    );
  }
  for (const each of confirmations) if (each.kind === 'ended') known.set(each.clientOrderId, each);
  return confirmations;
}

/** Counts the executions of the confirmation machine by outcome and by method. */
export async function countConfirmations(
  client: SFNClient,
  machineArn: string,
  options: ListConfirmationsOptions = {},
): Promise<ConfirmationCounts> {
  return count(await listConfirmations(client, machineArn, options));
}

async function describe(
  client: SFNClient,
  { arn, name, status }: { arn: string; name: string; status: string },
): Promise<ListedConfirmation> {
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return { clientOrderId: name, kind: 'running' };
  if (status !== 'SUCCEEDED') return { clientOrderId: name, kind: 'broken', reason: status };
  const { output } = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
  const parsed = outcome.safeParse(readJson(output ?? ''));
  if (!parsed.success) return { clientOrderId: name, kind: 'broken', reason: z.prettifyError(parsed.error) };
  return { clientOrderId: name, kind: 'ended', outcome: parsed.data };
}

/** Null for what is no JSON: the schema then says what is missing. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function count(confirmations: readonly ListedConfirmation[]): ConfirmationCounts {
  const byState: Record<string, number> = {};
  const byMethod = { callback: 0, query: 0, person: 0, nobody: 0 };
  const counts = { running: 0, confirmed: 0, confirmedByQuery: 0, denied: 0, unconfirmed: 0 };
  for (const each of confirmations) {
    if (each.kind === 'running') counts.running += 1;
    if (each.kind === 'broken') counts.unconfirmed += 1;
    if (each.kind !== 'ended') continue;
    const { state, by } = each.outcome;
    byState[state] = (byState[state] ?? 0) + 1;
    byMethod[by] += 1;
    if (state === 'Unknown') counts.unconfirmed += 1;
    else if (state === 'Denied') counts.denied += 1;
    else {
      counts.confirmed += 1;
      if (by === 'query') counts.confirmedByQuery += 1;
    }
  }
  return { ...counts, byState, byMethod };
}
