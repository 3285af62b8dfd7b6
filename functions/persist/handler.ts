import { createDynamoDbClient } from '#aws/clients.ts';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerCheckpoints } from '#aws/ledger-checkpoints.ts';
import { createTradingProcessor } from '#aws/ordered-stream-processor.ts';
import { messageOf } from '#core/errors.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';

const settings = readEnvironment([...CONSUMER_VARIABLES, 'MILLRACE_LEDGER_TABLE'], process.env);
const parts = consumerParts('persist', settings);
const client = createDynamoDbClient();
const ledger = createLedger(client, settings.MILLRACE_LEDGER_TABLE);
const checkpoints = createLedgerCheckpoints(client, settings.MILLRACE_LEDGER_TABLE);

/** Trading events to the ledger: each once, in any order. */
export const handler = createTradingProcessor({
  ...parts,
  handle: async (event) => {
    parts.count(await ledger.apply(event));
    if (event.type !== 'fill') return;
    try {
      await checkpoints.consider(event, event.body.symbol);
    } catch (error) {
      // The ledger is whole without it: a recovery reads more, and the next look tries again.
      parts.count('checkpointFailed');
      parts.log('warn', 'a checkpoint of the ledger was not made', {
        symbol: event.body.symbol,
        reason: messageOf(error),
      });
    }
  },
});
