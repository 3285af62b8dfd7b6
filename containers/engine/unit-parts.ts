import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import { CONNECTION_BEAT, type SupervisedPart } from './supervisor.ts';

/** What of a unit beats, and how each of it is begun anew. */
export interface UnitParts {
  readonly unit: string;
  /** Null once it has ended. */
  readonly ticks: () => number | null;
  readonly tick: () => void;
  readonly accountStream: () => number | null;
  readonly renewAccountStream: (reason: string) => void;
  readonly orderEntry: () => number | null;
  readonly renewOrderEntry: () => void;
  readonly lanes: () => readonly Lane[];
  /** How often a lane was compared with the venue; null: it is not to be now. */
  readonly comparisons: (lane: Lane) => number | null;
  readonly compare: (lane: Lane) => void;
  /** What moves while the venue can be reached; null: it says that it is away, or nothing depends on it. */
  readonly reach: () => number | null;
  /** It cannot be reached, and something may still be executed there. */
  readonly onCutOff: ((reason: string) => void) | undefined;
  /** Entries stop while there is a reason. */
  readonly onSilent: (part: string, reason: string | null) => void;
  readonly tell: (note: EventNote) => void;
}

/** The lanes' timers: stop losses that the venue does not hold hang on them. */
const TIMER_BEAT = { periodMs: 500, silentMs: 3_000 } as const;
/** Comparisons are made every 5 s; a venue that answers slowly is given time. */
const COMPARISON_BEAT = { periodMs: 10_000, silentMs: 45_000 } as const;

/** Any way to the venue counts: account stream, order entry, questions by REST. */
const REACH_BEAT = { periodMs: 10_000, silentMs: 30_000 } as const;

/**
 * What moves while a unit reaches its venue: `ticks` while a connection stands, `answers` of questions always. Null where nothing of the unit could be executed, and while the venue says that it is
 * away: then nobody else reaches it either.
 */
export function reachOf(
  links: { readonly connected: boolean; readonly away: boolean },
  answers: number,
  ticks: number,
  lanes: readonly Pick<Lane, 'quiet'>[],
): number | null {
  if (links.away || lanes.every((lane) => lane.quiet)) return null;
  return links.connected ? answers + ticks : answers;
}

/** The parts of one unit under supervision (H13). While one of them is silent, the unit's lanes make no entries; exits and cancels go on. */
export function unitParts(options: UnitParts): readonly SupervisedPart[] {
  const { unit, tell } = options;
  const named = (part: string, rest: Omit<SupervisedPart, 'name' | 'onSilent' | 'tell'>): SupervisedPart => ({
    ...rest,
    name: `unit/${unit}/${part}`,
    onSilent: (reason) => options.onSilent(part, reason),
    tell,
  });
  return [
    named('timers', { ...TIMER_BEAT, beats: options.ticks, restart: options.tick, vital: true }),
    named('account stream', {
      ...CONNECTION_BEAT,
      beats: options.accountStream,
      restart: options.renewAccountStream,
    }),
    named('order entry', {
      ...CONNECTION_BEAT,
      beats: options.orderEntry,
      restart: options.renewOrderEntry,
    }),
    {
      ...named('way to the venue', { ...REACH_BEAT, beats: options.reach }),
      onSilent: (reason) => {
        options.onSilent('way to the venue', reason);
        if (reason !== null) options.onCutOff?.(reason);
      },
    },
    ...options.lanes().map((lane) =>
      named(`comparison of ${lane.name}`, {
        ...COMPARISON_BEAT,
        beats: () => options.comparisons(lane),
        restart: () => options.compare(lane),
      }),
    ),
  ];
}
