import { createDynamoDbClient } from '#aws/clients.ts';
import { createMarketStore } from '#aws/market-store.ts';
import { parseMarketRecord } from '#aws/market-stream.ts';
import { createBatchProcessor } from '#aws/ordered-stream-processor.ts';
import { venues } from '#venues/venues.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';
import { distributeBatch } from './distribute-batch.ts';
import { ConnectionDecoders } from './market-digest.ts';

const settings = readEnvironment([...CONSUMER_VARIABLES, 'MILLRACE_LEDGER_TABLE'], process.env);
const parts = {
  ...consumerParts('distribute', settings),
  decoders: new ConnectionDecoders(venues),
  store: createMarketStore(createDynamoDbClient(), settings.MILLRACE_LEDGER_TABLE),
};

/** Market records to candles and latest prices. */
export const handler = createBatchProcessor({
  ...parts,
  parse: parseMarketRecord,
  handle: (messages) => distributeBatch(messages, parts),
});
