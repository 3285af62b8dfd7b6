import { Stack } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { engineService } from '../constructs/engine-service.ts';
import type { EngineSite } from '../constructs/engine-sites.ts';
import { EngineTask } from '../constructs/engine-task.ts';
import { placementOf } from '../constructs/network-names.ts';
import { publishName } from '../constructs/published-names.ts';
import type { StackSettings } from './data-stack.ts';

export interface EngineStackProps extends StackSettings {
  readonly build: string;
  readonly site: EngineSite;
}

/**
 * The engines of one region: they share its venues' feeds, and some stand by; which is which is decided by leases, not here.
 * Without a network of its own (`local`) there is only the task definition: whoever runs the environment reads it and starts the tasks.
 */
export class EngineStack extends Stack {
  constructor(scope: Construct, id: string, props: EngineStackProps) {
    super(scope, id, { env: props.env, description: 'Millrace: engines' });
    const { environment, site } = props;
    const task = new EngineTask(this, 'Engine', { environment, build: props.build, site });
    publishName(this, environment, 'engine-task-definition-arn', task.definition.taskDefinitionArn);
    publishName(this, environment, 'engine-task-count', String(site.taskCount));
    const placement = placementOf(this, environment, site);
    if (placement === undefined) return;
    const cluster = new Cluster(this, 'Cluster', {
      vpc: placement.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    const service = engineService(this, 'Service', { site, placement, cluster, definition: task.definition });
    publishName(this, environment, 'engine-cluster', cluster.clusterName);
    publishName(this, environment, 'engine-service', service.serviceName);
  }
}
