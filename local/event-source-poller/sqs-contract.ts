import { failedIdentifiers, type InvocationOutcome } from './mapping-contract.ts';

/**
 * Which messages of a batch are to be deleted after an attempt. Those that stay become visible again when their visibility timeout ends,
 * and move to the dead-letter queue by the queue's own `maxReceiveCount` (Lambda developer guide, "Error handling for an SQS event
 * source": a partial answer names the messages to keep; an unusable answer keeps all).
 */
export function deletable<M extends { readonly messageId: string }>(
  reportsItemFailures: boolean,
  messages: readonly M[],
  outcome: InvocationOutcome,
): readonly M[] {
  if (outcome.kind !== 'returned') return [];
  if (!reportsItemFailures) return messages;
  const failed = failedIdentifiers(outcome.response);
  if (failed === null) return [];
  const known = new Set(messages.map((message) => message.messageId));
  if (failed.some((identifier) => !known.has(identifier))) return [];
  const kept = new Set(failed);
  return messages.filter((message) => !kept.has(message.messageId));
}
