import { type EngineStatus, engineStatus } from './engine-status.ts';

/** The status in an engine's last line, or null. */
export function lastWordOf(line: string): EngineStatus | null {
  if (!line.includes('"engine stopped"')) return null;
  const parsed: unknown = JSON.parse(line);
  const fields = typeof parsed === 'object' && parsed !== null && 'fields' in parsed ? parsed.fields : null;
  const status = engineStatus.safeParse(
    typeof fields === 'object' && fields !== null && 'status' in fields ? fields.status : null,
  );
  return status.success ? status.data : null;
}

/** What a line of an engine's log says, with its reason, for a note. */
export function messageIn(line: string): string {
  const text = /"message":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
  const reason = /"reason":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return (reason === undefined ? text : `${text}: ${reason}`).slice(0, 300);
}
