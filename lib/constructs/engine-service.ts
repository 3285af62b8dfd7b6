import {
  AvailabilityZoneRebalancing,
  type Cluster,
  FargatePlatformVersion,
  FargateService,
  type FargateTaskDefinition,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { asCluster } from './cdk-interfaces.ts';
import type { EngineSite } from './engine-sites.ts';
import type { Placement } from './network-names.ts';

export interface EngineServiceProps {
  readonly site: EngineSite;
  readonly placement: Placement;
  readonly cluster: Cluster;
  readonly definition: FargateTaskDefinition;
}

/**
 * Keeps the engines running. A deployment may halve them and may double them: the percentages keep one up, they never decide who trades.
 * One that does not get healthy is rolled back by the circuit breaker. No shell into a task (ECS Exec is off).
 */
export function engineService(scope: Construct, id: string, props: EngineServiceProps): FargateService {
  return new FargateService(scope, id, {
    cluster: asCluster(props.cluster),
    taskDefinition: props.definition,
    desiredCount: props.site.taskCount,
    minHealthyPercent: 50,
    maxHealthyPercent: 200,
    circuitBreaker: { enable: true, rollback: true },
    platformVersion: FargatePlatformVersion.VERSION1_4,
    vpcSubnets: { subnets: props.placement.vpc.privateSubnets },
    securityGroups: [props.placement.securityGroup],
    assignPublicIp: false,
    // Tasks are spread over zones when they start; moving a running engine is a takeover, and ours to time.
    availabilityZoneRebalancing: AvailabilityZoneRebalancing.DISABLED,
    enableExecuteCommand: false,
    propagateTags: PropagatedTagSource.SERVICE,
  });
}
