import { Lazy } from 'aws-cdk-lib';
import { type ISecurityGroup, type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import type { EngineSite } from './engine-sites.ts';
import { publishedName } from './published-names.ts';

/** Where something runs whose outgoing address must be known. */
export interface Placement {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
}

/** The private subnets of the network stack of a region, the home region's where none is said, or undefined without a network of its own. */
export function placementOf(
  scope: Construct,
  environment: EnvironmentConfiguration,
  site: Pick<EngineSite, 'region' | 'network'> = environment,
): Placement | undefined {
  if (site.network === null) return undefined;
  const { zones } = site.network;
  const vpc = Vpc.fromVpcAttributes(scope, 'Vpc', {
    // Subnets and security group say where: no resource of these stacks names the network itself.
    vpcId: Lazy.string({
      produce: () => {
        throw new Error('NETWORK_UNNAMED: publish the id of the network before a resource names it');
      },
    }),
    availabilityZones: zones.map((zone) => `${site.region}${zone}`),
    privateSubnetIds: zones.map((_, index) => publishedName(scope, environment, `private-subnet-${index + 1}`)),
  });
  const group = publishedName(scope, environment, 'outgoing-security-group');
  return { vpc, securityGroup: SecurityGroup.fromSecurityGroupId(scope, 'Outgoing', group, { mutable: false }) };
}
