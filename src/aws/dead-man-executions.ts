import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { type DeadManCase, deadManExecutionName } from '#core/control/dead-man.ts';

/** Begins the execution of a standstill, once: one that runs or has run under its name is not begun again. Rejects when Step Functions does. */
export function createDeadManExecutions(
  client: SFNClient,
  machineArn: string,
): (stands: Omit<DeadManCase, 'attempts' | 'clean' | 'cancelled'>) => Promise<void> {
  return async (stands) => {
    try {
      await client.send(
        new StartExecutionCommand({
          stateMachineArn: machineArn,
          name: deadManExecutionName(stands),
          input: JSON.stringify(stands),
        }),
      );
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
  };
}
