import { z } from 'zod';

/** What an alarm may wish: never that trading goes on. From the mildest to the strongest. */
export const STOP_WISHES = ['reduce', 'stop', 'flatten'] as const;
export type StopWish = (typeof STOP_WISHES)[number];

/** What an alert names as its unit that is about all of them. */
export const ALL_UNITS = 'all units';

/** What stops trading, as an environment declares it. */
export interface StopRules {
  /** By code of our own alerts; it stops the unit of the alert, which may be `ALL_UNITS`. */
  readonly alerts: Readonly<Record<string, StopWish>>;
  /** What an alarm of CloudWatch that is sent to the stop topic wishes, of all units. */
  readonly alarms: StopWish;
}

/** One notification, as SNS hands it over. */
export interface StopNotice {
  readonly messageId: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** It came by the topic that is for nothing else. */
  readonly byStopTopic: boolean;
}

/** What a notification comes to: a wish, or why there is none. */
export type StopReading =
  | {
      readonly kind: 'stop';
      /** The same for a notification that comes twice. */
      readonly id: string;
      /** Null: all units. */
      readonly unit: string | null;
      readonly wish: StopWish;
      readonly by: string;
      readonly reason: string;
      /** When it arose, ms since 1970: what people wished since then holds. */
      readonly issuedAt: number;
    }
  | { readonly kind: 'ignored'; readonly why: string };

/** What CloudWatch tells SNS of an alarm (Amazon CloudWatch User Guide, "Alarm events and EventBridge" has the same fields); what else it says is not needed. */
const ALARM = z.object({
  AlarmName: z.string().min(1),
  NewStateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
  NewStateReason: z.string().default(''),
  StateChangeTime: z.string(),
});

/**
 * Reads a notification. Only an alarm that rings, sent to the stop topic, and an alert of a declared code stop anything; an alarm that ends resumes nothing, since that is for people.
 */
export function readStopNotice(notice: StopNotice, rules: StopRules): StopReading {
  const { code, unit } = notice.attributes;
  if (code !== undefined) {
    const wish = Object.hasOwn(rules.alerts, code) ? rules.alerts[code] : undefined;
    if (wish === undefined) return { kind: 'ignored', why: `alert ${code} stops nothing` };
    if (unit === undefined) return { kind: 'ignored', why: `alert ${code} names no unit` };
    return {
      kind: 'stop',
      id: `alert/${notice.messageId}`,
      unit: unit === ALL_UNITS ? null : unit,
      wish,
      by: `alert ${code}`,
      reason: firstLine(notice.message),
      issuedAt: timeOf(notice.timestamp),
    };
  }
  if (!notice.byStopTopic) return { kind: 'ignored', why: 'an alarm that was not sent to the stop topic' };
  const alarm = ALARM.safeParse(parsedOr(notice.message));
  // Who publishes to this topic means that trading stops, however it is said.
  if (!alarm.success) {
    return {
      kind: 'stop',
      id: `notice/${notice.messageId}`,
      unit: null,
      wish: rules.alarms,
      by: 'a notice to the stop topic',
      reason: firstLine(notice.message),
      issuedAt: timeOf(notice.timestamp),
    };
  }
  const { AlarmName, NewStateValue, NewStateReason, StateChangeTime } = alarm.data;
  if (NewStateValue !== 'ALARM') return { kind: 'ignored', why: `alarm ${AlarmName} is ${NewStateValue}` };
  return {
    kind: 'stop',
    id: `alarm/${AlarmName.slice(0, 30)}/${StateChangeTime.slice(0, 30)}`,
    unit: null,
    wish: rules.alarms,
    by: `alarm ${AlarmName}`.slice(0, 200),
    reason: firstLine(NewStateReason === '' ? AlarmName : NewStateReason),
    issuedAt: timeOf(StateChangeTime) || timeOf(notice.timestamp),
  };
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? 'no reason given').slice(0, 500);
}

/** CloudWatch writes `+0000`, which ISO 8601 in scripts lacks the colon for. 0: it cannot be read. */
function timeOf(text: string): number {
  const at = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isFinite(at) ? at : 0;
}
