import { Stack } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { engineService } from '../constructs/engine-service.ts';
import { EngineTask } from '../constructs/engine-task.ts';
import { placementOf } from '../constructs/network-names.ts';
import { publishName } from '../constructs/published-names.ts';
import type { StackSettings } from './data-stack.ts';

export interface EngineStackProps extends StackSettings {
  readonly build: string;
}

/**
 * The engines: one active, the others standing by; which is which is decided by leases, not here.
 * Without a network of its own (`local`) there is only the task definition: whoever runs the environment reads it and starts the tasks.
 */
export class EngineStack extends Stack {
  constructor(scope: Construct, id: string, props: EngineStackProps) {
    super(scope, id, { env: props.env, description: 'Millrace: engines' });
    const { environment } = props;
    const task = new EngineTask(this, 'Engine', { environment, build: props.build });
    publishName(this, environment, 'engine-task-definition-arn', task.definition.taskDefinitionArn);
    publishName(this, environment, 'engine-task-count', String(environment.engine.taskCount));
    const placement = placementOf(this, environment);
    if (placement === undefined) return;
    const cluster = new Cluster(this, 'Cluster', {
      vpc: placement.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    const service = engineService(this, 'Service', { environment, placement, cluster, definition: task.definition });
    publishName(this, environment, 'engine-cluster', cluster.clusterName);
    publishName(this, environment, 'engine-service', service.serviceName);
  }
}
