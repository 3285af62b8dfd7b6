import { type BreakerKind, isOfLane, type KeptBreaker } from './breaker.ts';

/** Which breakers were not closed when a lane last told of any: its own, and those of its unit. */
export interface ToldBreakers {
  readonly lane: string;
  readonly epoch: number;
  /** Wall clock of whoever told it, ms. */
  readonly time: number;
  readonly open: readonly KeptBreaker[];
}

/** What of the told a lane goes on with: its own breakers by its own word, those of the unit by the last word of any lane. */
export function keptBreakers(lane: string, told: readonly ToldBreakers[]): readonly KeptBreaker[] {
  const own = told.find((each) => each.lane === lane)?.open ?? [];
  const last = told.reduce<ToldBreakers | null>((latest, each) => (isLater(each, latest) ? each : latest), null);
  return [...own.filter(ofLane), ...(last?.open ?? []).filter((each) => !ofLane(each))];
}

function ofLane({ breaker }: { readonly breaker: BreakerKind }): boolean {
  return isOfLane(breaker);
}

/** Of two of one moment the one that knows of more: what is open rather stays so. */
function isLater(one: ToldBreakers, other: ToldBreakers | null): boolean {
  if (other === null) return true;
  return (one.epoch - other.epoch || one.time - other.time || one.open.length - other.open.length) > 0;
}
