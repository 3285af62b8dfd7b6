import { createDynamoDbClient } from '#aws/clients.ts';
import { createLedger } from '#aws/ledger.ts';
import { createTradingProcessor } from '#aws/ordered-stream-processor.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';

const settings = readEnvironment([...CONSUMER_VARIABLES, 'MILLRACE_LEDGER_TABLE'], process.env);
const parts = consumerParts('persist', settings);
const ledger = createLedger(createDynamoDbClient(), settings.MILLRACE_LEDGER_TABLE);

/** Trading events to the ledger: each once, in any order. */
export const handler = createTradingProcessor({
  ...parts,
  handle: async (event) => parts.count(await ledger.apply(event)),
});
