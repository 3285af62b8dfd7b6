/** Variables with which every Lambda is whole. */
export const LAMBDA_VARIABLES = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  POWERTOOLS_METRICS_DISABLED: 'true',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  MILLRACE_ENVIRONMENT: 'local',
  MILLRACE_BUILD: 'test',
  MILLRACE_LEDGER_TABLE: 'ledger',
  MILLRACE_CONTROL_TABLE: 'control',
  MILLRACE_QUARANTINE_BUCKET: 'quarantine',
  MILLRACE_QUARANTINE_QUEUE: 'https://sqs.eu-west-1.amazonaws.com/000000000000/quarantine',
  MILLRACE_ALERT_TOPIC: 'arn:aws:sns:eu-west-1:000000000000:alerts',
  MILLRACE_CONFIRMATION_MACHINE: 'arn:aws:states:eu-west-1:000000000000:stateMachine:confirmation',
  MILLRACE_SECRETS: 'millrace/local',
} as const;
