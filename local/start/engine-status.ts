import { z } from 'zod';

const quantiles = z.object({ count: z.number(), p50: z.number(), p99: z.number() });

/** What an engine says of itself at `/status`, and once more in the last line it prints. */
export const engineStatus = z.object({
  engine: z.string(),
  inputs: z.number(),
  /** Feeds that it holds, and why not the others. */
  leases: z
    .object({
      share: z.object({ least: z.number(), most: z.number() }).nullable(),
      held: z.array(z.string()),
      notHeld: z.array(z.object({ name: z.string(), reason: z.string() })),
    })
    .optional(),
  feeds: z.array(
    z.object({
      venue: z.string(),
      connections: z.array(
        z.object({ name: z.string(), status: z.object({ state: z.string(), reason: z.string() }), frames: z.number() }),
      ),
      books: z.array(
        z.object({
          symbol: z.string(),
          valid: z.boolean(),
          bidPrice: z.number(),
          askPrice: z.number(),
          bidSize: z.number(),
          askSize: z.number(),
          messages: z.number(),
          gaps: z.number(),
        }),
      ),
    }),
  ),
  units: z.array(
    z.object({
      unit: z.string(),
      epoch: z.number(),
      closed: z.string().nullable(),
      fence: z.string().nullable(),
      lanes: z.array(
        z.object({
          lane: z.string(),
          symbol: z.string(),
          state: z.string(),
          entriesPaused: z.string().nullable(),
          position: z.string(),
          entryPrice: z.string(),
          openOrders: z.number(),
          dailyProfit: z.number(),
          profitCurrency: z.string(),
        }),
      ),
      /** Lanes whose symbols scanners pick. */
      switches: z
        .array(
          z.object({
            lane: z.string(),
            state: z.string(),
            reason: z.string(),
            symbol: z.string().nullable(),
            wanted: z.string().nullable(),
            done: z.number(),
          }),
        )
        .optional(),
    }),
  ),
  accounts: z.array(
    z.object({
      venue: z.string(),
      connection: z.string(),
      received: z.number(),
      published: z.number(),
      shed: z.number(),
      bytes: z.number(),
    }),
  ),
  publisher: z.object({ lagMs: z.number(), circuit: z.string(), journalBytes: z.number() }),
  latencyUs: z.object({ decision: quantiles, tickToOrder: quantiles, orderToAck: quantiles }),
  badFrames: z.number(),
  errors: z.number(),
  takeovers: z.number(),
  memoryBytes: z.number(),
});
export type EngineStatus = z.infer<typeof engineStatus>;

/** Asks a running engine. Null while it does not answer: it is starting, hung or gone. */
async function askEngine(port: number): Promise<EngineStatus | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(1_000) });
    const parsed = engineStatus.safeParse(await response.json());
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

/** What the running engines say of themselves, by name, and how many do not answer. */
export interface EngineAnswers {
  readonly engines: ReadonlyMap<string, EngineStatus>;
  readonly silent: number;
}

/** Asks every running engine. */
export async function askEngines(
  tasks: readonly { readonly name: string; readonly httpPort: number }[],
): Promise<EngineAnswers> {
  const answers = await Promise.all(
    tasks.map(async ({ name, httpPort }) => ({ name, status: await askEngine(httpPort) })),
  );
  return {
    engines: new Map(answers.flatMap(({ name, status }) => (status === null ? [] : [[name, status]]))),
    silent: answers.filter(({ status }) => status === null).length,
  };
}
