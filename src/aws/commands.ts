import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { PERSON_DECISION } from '#core/confirmation/person-decision.ts';
import { DESIRED_COMMAND } from '#core/control/desired-command.ts';
import { MillraceError, messageOf } from '#core/errors.ts';

/** What the command queue carries; a message without `kind` is a wish for a unit. */
export const COMMAND = z.union([PERSON_DECISION, DESIRED_COMMAND]);
export type Command = z.output<typeof COMMAND>;
export type CommandInput = z.input<typeof COMMAND>;

/** Reads the body of a message of the command queue. Throws `COMMAND_INVALID` (validation) with every fault. */
export function parseCommand(body: string): Command {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch (error) {
    throw new MillraceError('validation', 'COMMAND_INVALID', `not JSON: ${messageOf(error)}`, { cause: error });
  }
  // The kind chooses the schema first, so that the faults named are those of what was meant.
  const decision = z.object({ kind: z.literal('confirmationDecision') }).safeParse(raw).success;
  const parsed = (decision ? PERSON_DECISION : DESIRED_COMMAND).safeParse(raw);
  if (!parsed.success) throw new MillraceError('validation', 'COMMAND_INVALID', z.prettifyError(parsed.error));
  return parsed.data;
}

/** Puts a command on its queue, for API, command line and tests. A wish is stamped with its time of issue, so that order on the way does not matter. */
export async function sendCommand(sqs: SQSClient, queueUrl: string, command: CommandInput, now: number): Promise<void> {
  const stamped = command.kind === 'confirmationDecision' ? command : { issuedAt: now, ...command };
  const body = JSON.stringify(stamped);
  parseCommand(body);
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
}
