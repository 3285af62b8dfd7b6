import { RiskBook } from '#core/risk/risk-book.ts';
import type { Mutant } from './mutants.ts';
import { replaceProperty } from './planted-bugs.ts';

/** What the lanes of a unit share, each part of it left out. */
export function bookMutants(): Mutant[] {
  const { prototype } = RiskBook;
  const { sent, tell } = prototype;
  const mutant = (name: string, code: string, install: Mutant['install']): Mutant => ({
    name: `book ${name}`,
    table: 'risk',
    cell: `risk ${code} passes`,
    install,
  });
  return [
    mutant('leaves out the exposure of other lanes', 'UNIT_EXPOSURE_LIMIT', () =>
      replaceProperty(prototype, 'exposureWith', (_slot: unknown, exposure: number) => exposure),
    ),
    mutant('binds no margin', 'MARGIN_INSUFFICIENT', () =>
      replaceProperty(prototype, 'sent', function (this: RiskBook, currency: string) {
        sent.call(this, currency, 0);
      }),
    ),
    mutant('forgets the height of the day at a takeover', 'UNIT_DRAWDOWN_LIMIT', () =>
      replaceProperty(prototype, 'resumePeak', () => undefined),
    ),
    mutant('counts no order of a lane that has told one', 'UNIT_OPEN_ORDERS_LIMIT', () =>
      replaceProperty(prototype, 'tell', function (this: RiskBook, ...told: Parameters<typeof tell>) {
        told[3] = 0;
        tell.apply(this, told);
      }),
    ),
    mutant('takes no profit for a loss', 'UNIT_DAILY_LOSS_LIMIT', () =>
      replaceProperty(prototype, 'tell', function (this: RiskBook, ...told: Parameters<typeof tell>) {
        told[2] = Math.max(0, told[2]);
        tell.apply(this, told);
      }),
    ),
  ];
}
