import { isDeepStrictEqual } from 'node:util';
import type { ScannedLane } from '#core/config/scanner-configuration.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { Now } from '#core/lanes/now.ts';
import type { MarketScanner } from '#core/scanner/market-scanner.ts';
import type { LaneSwitch, LaneSwitchStatus } from './lane-switch.ts';

/** The lanes of a unit whose symbols scanners pick. They begin once the unit's recovery is done. */
export class ScannedLanes {
  readonly #create: (plan: ScannedLane) => LaneSwitch;
  #plans: readonly ScannedLane[];
  #switches: readonly LaneSwitch[] = [];
  #begun = false;

  constructor(plans: readonly ScannedLane[], create: (plan: ScannedLane) => LaneSwitch) {
    this.#plans = plans;
    this.#create = create;
  }

  begin(): void {
    this.#begun = true;
    for (const plan of this.#plans) this.#begin(plan);
  }

  /** Every lane that is followed. */
  get all(): readonly Lane[] {
    return this.#switches.flatMap((each) => each.lanes);
  }

  /** Those that have a symbol now. */
  get current(): readonly Lane[] {
    return this.#switches.flatMap(({ current }) => current ?? []);
  }

  /** Hot: who has a symbol now. */
  on(symbol: string): Lane | null {
    for (const { current } of this.#switches) if (current?.symbol === symbol) return current;
    return null;
  }

  due(now: Now): readonly Lane[] {
    return this.#switches.flatMap((each) => each.due(now));
  }

  /** Whether a lane other than `name` trades a symbol, leaves it or goes to it. */
  takes(symbol: string, name: string): boolean {
    return this.#switches.some((each) => each.plan.lane.name !== name && each.takes(symbol));
  }

  timer(now: Now): void {
    for (const each of this.#switches) each.timer(now);
  }

  scanned(scanner: MarketScanner, now: Now): void {
    for (const each of this.#switches) {
      if (each.plan.scanner.name === scanner.settings.name) each.scanned(scanner, now);
    }
  }

  reported(lane: Lane, now: Now): void {
    for (const each of this.#switches) each.reported(lane, now);
  }

  /** Ends the switches that go, or whose lane or scanner is different; `rest` brings the lanes of one to rest, and rejects where it cannot. */
  async retire(plans: readonly ScannedLane[], rest: (lanes: readonly Lane[]) => Promise<void>): Promise<void> {
    for (const each of this.#switches) {
      const next = plans.find((plan) => plan.lane.name === each.plan.lane.name);
      // One that has ended, and whose lanes did not come to rest, is tried again.
      if (next !== undefined && !each.ended && isDeepStrictEqual(next, each.plan)) continue;
      each.end(next === undefined ? 'no longer configured' : 'configured anew');
      await rest(each.lanes);
      each.giveBack();
      this.#switches = this.#switches.filter((other) => other !== each);
    }
  }

  /** Begins those that are not there yet, once the unit's recovery is done. */
  add(plans: readonly ScannedLane[]): void {
    this.#plans = plans;
    if (!this.#begun) return;
    for (const plan of plans) {
      if (!this.#switches.some((each) => each.plan.lane.name === plan.lane.name)) this.#begin(plan);
    }
  }

  /** No lane changes its symbol any more. */
  end(reason: string): void {
    this.#begun = false;
    for (const each of this.#switches) each.end(reason);
  }

  /** Nothing of the lanes is wanted any more. */
  giveBack(): void {
    for (const each of this.#switches) each.giveBack();
  }

  status(): readonly LaneSwitchStatus[] {
    return this.#switches.map((each) => each.status());
  }

  #begin(plan: ScannedLane): void {
    const created = this.#create(plan);
    this.#switches = [...this.#switches, created];
    created.begin();
  }
}
