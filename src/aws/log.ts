import { Logger } from '@aws-lambda-powertools/logger';
import { createRedactor, type Redactor } from '#core/redaction.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes one structured line. The shape that connections and engine take as their log. */
export type Log = (level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>) => void;

/** The redactor of this process: every logger made here uses it, and whatever learns a secret registers it. */
export const processRedactor = createRedactor();

export interface LogOptions {
  readonly service: string;
  /** Default: `POWERTOOLS_LOG_LEVEL`, else info. */
  readonly level?: LogLevel;
  /** On every line: environment, build, engine. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly redactor?: Redactor;
}

/** A logger that writes JSON lines to the console, in the form CloudWatch reads, and never a secret (R6). */
export function createLog(options: LogOptions): Log {
  const { service, level, fields = {}, redactor = processRedactor } = options;
  const logger = new Logger({
    serviceName: service,
    persistentKeys: { ...fields },
    ...(level === undefined ? {} : { logLevel: level }),
  });
  return (at, text, extra = {}) => {
    const clean = redactor.value(extra);
    logger[at](redactor.text(text), typeof clean === 'object' && clean !== null ? { fields: clean } : {});
  };
}
