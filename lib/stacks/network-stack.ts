import { RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import {
  CfnEIP,
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { asVpc } from '../constructs/cdk-interfaces.ts';
import { keptLogGroup } from '../constructs/kept-log-group.ts';
import { publishName } from '../constructs/published-names.ts';
import type { NetworkSettings } from '../environments/environment-configuration.ts';
import type { StackSettings } from './data-stack.ts';

export interface NetworkStackProps extends StackSettings {
  readonly network: NetworkSettings;
  /** That it is in. */
  readonly region: string;
}

/** The network that engines and every function with venue keys run in: no way in, and a known address on the way out. */
export class NetworkStack extends Stack {
  readonly #zones: readonly string[];

  /** The zones are named by the environment: the CDK need not ask the account for them, so that synthesis takes no credentials. */
  override get availabilityZones(): string[] {
    return [...this.#zones];
  }

  constructor(scope: Construct, id: string, props: NetworkStackProps) {
    const { environment, network } = props;
    super(scope, id, {
      env: props.env,
      description: 'Millrace: network and outgoing addresses',
      terminationProtection: environment.retention.data === 'keep',
    });
    this.#zones = network.zones.map((zone) => `${props.region}${zone}`);
    const addresses = network.fixedOutgoingAddress ? this.#reserveAddresses(network.natGateways) : null;
    const gateways = NatProvider.gateway(
      addresses === null ? {} : { eipAllocationIds: addresses.map((address) => address.attrAllocationId) },
    );
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(network.cidr),
      availabilityZones: [...this.#zones],
      natGateways: network.natGateways,
      natGatewayProvider: gateways,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 26, mapPublicIpOnLaunch: false },
        { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      flowLogs: {
        Rejected: {
          destination: FlowLogDestination.toCloudWatchLogs(keptLogGroup(this, 'FlowLogs', environment)),
          trafficType: FlowLogTrafficType.REJECT,
        },
      },
    });
    const outgoing = new SecurityGroup(this, 'Outgoing', {
      vpc: asVpc(vpc),
      description: 'Millrace: out by TLS, nothing in',
      allowAllOutbound: false,
    });
    outgoing.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'Venues and AWS by TLS');
    if (network.kinesisEndpoint) this.#kinesisEndpoint(vpc, outgoing);
    publishName(this, environment, 'outgoing-security-group', outgoing.securityGroupId);
    for (const [index, subnet] of vpc.privateSubnets.entries())
      publishName(this, environment, `private-subnet-${index + 1}`, subnet.subnetId);
    for (const [index, address] of (addresses ?? []).entries())
      publishName(this, environment, `outgoing-address-${index + 1}`, address.attrPublicIp);
  }

  /** Venue keys are bound to these: they outlive gateways and stack. */
  #reserveAddresses(count: number): CfnEIP[] {
    return Array.from({ length: count }, (_, index) => {
      const address = new CfnEIP(this, `OutgoingAddress${index + 1}`, { domain: 'vpc' });
      address.applyRemovalPolicy(RemovalPolicy.RETAIN);
      Tags.of(address).add('Name', `millrace outgoing ${index + 1}`);
      return address;
    });
  }

  #kinesisEndpoint(vpc: Vpc, from: SecurityGroup): void {
    const group = new SecurityGroup(this, 'KinesisEndpointAccess', {
      vpc: asVpc(vpc),
      description: 'Millrace: Kinesis, from engines and functions only',
      allowAllOutbound: false,
    });
    group.addIngressRule(from, Port.HTTPS, 'Engines and functions');
    vpc.addInterfaceEndpoint('Kinesis', {
      service: InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
      securityGroups: [group],
      open: false,
    });
  }
}
