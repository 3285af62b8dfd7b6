import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

/** A finding that is as it should be: which rule, on which constructs, and why. */
export interface PolicyException {
  /** The finding as printed, its detail in brackets included. */
  readonly finding: RegExp;
  /** Path of the resource in the construct tree. */
  readonly path: RegExp;
  readonly reason: string;
  /** Id of the stacks that it is about, where not every environment has one. */
  readonly stack?: RegExp;
}

/** Engines away from the home region. */
const REGION_ENGINE = /-Engine(?!Alarms)[A-Z][A-Za-z0-9]+$/;

/** Every exception from the AWS Solutions rules. One that matches nothing any more is a failing test. */
export const POLICY_EXCEPTIONS: readonly PolicyException[] = [
  {
    finding: /^AwsSolutions-SQS3$/,
    path: /-Data\/QuarantineQueue\/Resource$/,
    reason:
      'It is the last place itself: notices of records in quarantine, read by people and by redrive; the records lie in S3.',
  },
  {
    finding: /^AwsSolutions-KDS3$/,
    path: /-Data\/(Market|Trading)Stream\/Resource$/,
    reason:
      'One key of our own for all data, which can be revoked and audited as a whole; the key of the service cannot.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:aws:s3:::<.*quarantinebucket.*>\/\*\]$/,
    path: /-Pipeline\/[A-Za-z]+\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Keys of objects in quarantine are named by what failed: they are not known before. One bucket.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:aws:s3:::<.*archivebucket.*>\/\*\]$/,
    path: /-Pipeline\/Archive\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Keys of archived objects are named by venue, connection and time. One bucket.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:aws:s3:::<.*archivebucket.*>\/reconciliation\/\*\]$/,
    path: /-Pipeline\/Reconcile\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Reports are named by their time; nothing else of the bucket is within reach.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:millrace\/[a-z-]+\/\*\]$/,
    path: /(-Pipeline\/(ConfirmStep|Reconcile|DeadManStep)|-Engine[A-Za-z0-9]*\/Engine)\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Accounts come and go without a deployment; the prefix holds the venue keys of this environment only.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    path: /-Pipeline\/(ConfirmStep|Reconcile|DeadManStep)\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Network interfaces of a function in the VPC: EC2 knows no narrower resource for these actions.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::<[A-Za-z0-9]+\.Arn>:\*\]$/,
    path: /-Pipeline\/(OrderConfirmation|DeadManSwitch)\/.*DefaultPolicy\/Resource$/,
    reason: 'Versions of the one function that the machine invokes.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    path: /-Pipeline\/(OrderConfirmation|DeadManSwitch)\/.*DefaultPolicy\/Resource$/,
    reason: 'Log delivery and tracing of Step Functions: the services know no narrower resource for these actions.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    path: /-Engine[A-Za-z0-9]*\/Engine\/Task\/ExecutionRole\/DefaultPolicy\/Resource$/,
    reason: 'ecr:GetAuthorizationToken knows no narrower resource.',
  },
  {
    finding:
      /^AwsSolutions-IAM5\[Resource::arn:aws:(kinesis|dynamodb):[a-z0-9-]+:\d{12}:(stream|table)\/Millrace-[a-z]+-Data-(Market|Trading|Ledger|Control)(Stream|Table)\*\]$/,
    path: /-Engine[A-Z][A-Za-z0-9]+\/Engine\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'Physical names of the home region end with what CloudFormation chose there; stack and id before that name one.',
    stack: REGION_ENGINE,
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:aws:kms:[a-z0-9-]+:\d{12}:key\/\*\]$/,
    path: /-Engine[A-Z][A-Za-z0-9]+\/Engine\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'The id of a key is known in its own region only: conditions hold it to this environment’s key, by way of Kinesis.',
    stack: REGION_ENGINE,
  },
  {
    finding: /^AwsSolutions-ECS2$/,
    path: /-Engine[A-Za-z0-9]*\/Engine\/Task\/Resource$/,
    reason: 'Names of streams, tables and parameters, no secret: keys are fetched while running, since they rotate.',
  },
];

/** Findings that no exception covers, and exceptions that cover no finding. */
export interface PolicyReport {
  readonly findings: readonly { readonly finding: string; readonly path: string }[];
  readonly unusedExceptions: readonly PolicyException[];
}

/**
 * Checks the app against the AWS Solutions rules. Each finding that an exception covers is acknowledged on its one resource,
 * by its exact text: an acknowledgement never reaches further than what was looked at.
 */
export function checkPolicies(app: App): PolicyReport {
  const used = new Set<PolicyException>();
  const findings: { finding: string; path: string }[] = [];
  for (const violation of new AwsSolutionsChecks().validateScope(app).violations) {
    for (const { constructPath: path } of violation.violatingResources) {
      const finding = violation.ruleName;
      const exception = path && POLICY_EXCEPTIONS.find((each) => each.finding.test(finding) && each.path.test(path));
      const construct = path ? app.node.findAll().find((each) => each.node.path === path) : undefined;
      if (!exception || construct === undefined) {
        findings.push({ finding, path: path ?? '(unknown)' });
        continue;
      }
      used.add(exception);
      Validations.of(construct).acknowledge({ id: finding, reason: exception.reason });
    }
  }
  const concerns = ({ stack }: PolicyException) =>
    stack === undefined || app.node.children.some((child) => stack.test(child.node.id));
  return { findings, unusedExceptions: POLICY_EXCEPTIONS.filter((each) => !used.has(each) && concerns(each)) };
}

/** Registers the AWS Solutions rules with the exceptions above: anything else they find stops the synthesis. */
export function addPolicyChecks(app: App): void {
  checkPolicies(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
