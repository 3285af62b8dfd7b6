import { createDynamoDbClient, createStepFunctionsClient } from '#aws/clients.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { createTradingProcessor } from '#aws/ordered-stream-processor.ts';
import { confirmationStepOf, isDeniedIn } from '#core/confirmation/confirmation-of-event.ts';
import { isDrilled } from '#core/confirmation/drill.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';

const settings = readEnvironment(
  [...CONSUMER_VARIABLES, 'MILLRACE_CONTROL_TABLE', 'MILLRACE_CONFIRMATION_MACHINE', 'MILLRACE_CONFIRMATION_DRILL'],
  process.env,
);
const parts = consumerParts('confirm', settings);
const waits = createConfirmationWaits({
  client: createDynamoDbClient(),
  table: settings.MILLRACE_CONTROL_TABLE,
  stepFunctions: createStepFunctionsClient(),
  machineArn: settings.MILLRACE_CONFIRMATION_MACHINE,
  nowMs: Date.now,
});

/** Orders of the trading stream to their confirmation, and their ends to whoever waits for them. */
export const handler = createTradingProcessor({
  ...parts,
  async handle(event, _, batch) {
    const step = confirmationStepOf(event);
    if (step === null) return parts.count('notConcerned');
    if (step.kind === 'begin' && isDeniedIn(batch, step.order.clientOrderId)) return parts.count('deniedAtOnce');
    if (step.kind === 'begin') return parts.count((await waits.begin(step.order)) ? 'begun' : 'begunBefore');
    if (step.begins !== undefined) parts.count((await waits.begin(step.begins)) ? 'begun' : 'begunBefore');
    const withhold = step.knownToVenue && isDrilled(step.clientOrderId, settings.MILLRACE_CONFIRMATION_DRILL);
    parts.count(await waits.reportEnd(step.clientOrderId, step.end, step.precedence, withhold));
  },
});
