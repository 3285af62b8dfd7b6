import { Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { EnvironmentConfiguration, FunctionName } from '../environments/environment-configuration.ts';
import { functionCode } from './function-code.ts';
import { keptLogGroup } from './kept-log-group.ts';
import { useNetworkInterfaces } from './permissions.ts';

export interface PipelineFunctionProps {
  readonly name: FunctionName;
  readonly description: string;
  readonly environment: EnvironmentConfiguration;
  readonly variables: Readonly<Record<string, string>>;
  readonly permissions: readonly PolicyStatement[];
  /** Where the function must have a known outgoing address: what calls a venue with keys. */
  readonly placement?: { readonly vpc: IVpc; readonly securityGroup: ISecurityGroup } | undefined;
}

/** One Lambda of the pipeline, with a role of its own that holds what it needs and nothing else, and a log group that ends. */
export class PipelineFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const settings = props.environment.functions[props.name];
    const logGroup = keptLogGroup(this, 'Logs', props.environment);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    for (const statement of props.permissions) role.addToPolicy(statement);
    if (props.placement !== undefined) role.addToPolicy(useNetworkInterfaces());
    this.lambda = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: functionCode(props.name),
      handler: 'handler.handler',
      memorySize: settings.memoryMb,
      timeout: Duration.seconds(settings.timeoutSeconds),
      environment: { ...props.variables, NODE_OPTIONS: '--enable-source-maps' },
      role: role.withoutPolicyUpdates(),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      ...(props.placement === undefined
        ? {}
        : { vpc: props.placement.vpc, securityGroups: [props.placement.securityGroup] }),
    });
    this.lambda.node.addDependency(role);
  }
}
