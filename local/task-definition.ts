import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { MillraceError } from '#core/errors.ts';
import { emulatedClientSettings } from './aws-environment.ts';

/** What a deployed task definition says of one container. */
export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Between SIGTERM and SIGKILL, ms. */
  readonly stopTimeoutMs: number;
}

/** What ECS gives a container that says nothing. */
const DEFAULT_STOP_TIMEOUT_S = 30;

/**
 * Reads a container of a deployed task definition.
 * @param taskDefinition family, family:revision or ARN
 * @throws MillraceError TASK_DEFINITION_INVALID
 */
export async function readContainerDefinition(
  endpoint: string,
  taskDefinition: string,
  containerName: string,
): Promise<ContainerDefinition> {
  const client = new ECSClient(emulatedClientSettings(endpoint));
  try {
    const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
    const containers = answer.taskDefinition?.containerDefinitions ?? [];
    const container = containers.find((each) => each.name === containerName);
    if (container === undefined) throw invalid(taskDefinition, `container=${containerName} is not in it`);
    // Injected secrets would be read once, at the start: venue keys rotate, so engines fetch them themselves.
    if ((container.secrets?.length ?? 0) > 0) throw invalid(taskDefinition, 'injects secrets, which is not supported');
    const environment: Record<string, string> = {};
    for (const { name, value } of container.environment ?? []) if (name !== undefined) environment[name] = value ?? '';
    return {
      name: containerName,
      image: container.image ?? '',
      command: container.command ?? [],
      environment,
      stopTimeoutMs: (container.stopTimeout ?? DEFAULT_STOP_TIMEOUT_S) * 1000,
    };
  } finally {
    client.destroy();
  }
}

function invalid(taskDefinition: string, reason: string): MillraceError {
  return new MillraceError('configuration', 'TASK_DEFINITION_INVALID', `definition=${taskDefinition} ${reason}`);
}
