import type { UnitId } from '#core/control/unit.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { AccountReport } from '#core/orders/order.ts';
import type { LaneInputs } from './lane-inputs.ts';
import type { UnitMoney } from './unit-money.ts';

export interface ReportTakers {
  readonly unit: UnitId;
  readonly laneOf: (symbol: string) => Lane | null;
  readonly inputs: LaneInputs;
  readonly tell: (note: EventNote) => void;
  readonly money: Pick<UnitMoney, 'balance' | 'adjustment'>;
}

/** Brings what the account stream says to whom it concerns: money to the ledger, orders and fills to the lane of their symbol, and to people where there is none. */
export function takeReport(report: AccountReport, now: Now, { unit, laneOf, inputs, tell, money }: ReportTakers): void {
  if (report.kind === 'balance') {
    money.balance(report, now);
    return;
  }
  if (report.kind === 'adjustment') {
    money.adjustment(report, now);
    return;
  }
  // The position is asked for apart (H2): what the stream says of it comes before or after the fills that made it.
  if (report.kind === 'position') return;
  const lane = laneOf(report.symbol);
  if (lane !== null) {
    inputs.report(lane, report, now);
    return;
  }
  tell({
    type: 'alert',
    body: {
      severity: 'warning',
      code: 'REPORT_WITHOUT_LANE',
      text: `the venue reported a ${report.kind} on ${report.symbol}, where ${unit} has no lane`,
      dedupeKey: `${unit}/${report.symbol}`,
    },
  });
}
