import { afterEach, describe, expect, it } from 'vitest';
import type { DesiredState } from '#core/control/desired-state.ts';
import { unitId } from '#core/control/unit.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { LedgerView } from '#core/orders/recovery.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { EMPTY_LEDGER } from '../support/empty-ledger.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const UNIT = { mode: 'paper', account: 'main', venue: 'bybit-linear' } as const;
/** Of an earlier lease: the venue acknowledged it once, and has forgotten it. */
const FORGOTTEN = `${orderIdPrefix('paper', unitId(UNIT), 3)}9`;
const wish = (version: number, changes: Partial<DesiredState> = {}): DesiredState => ({
  version,
  wish: 'run',
  wishVersion: 0,
  frozenSymbols: [],
  reason: 'test',
  by: 'test',
  ...changes,
});

function withForgotten(): LedgerView {
  const placedAt = (Date.now() - 60_000) as EpochMs;
  const terms = { side: 'buy', price: '100', size: '0.01', reduceOnly: false, orderType: 'limit' } as const;
  return { ...EMPTY_LEDGER, pendingOrders: [{ clientOrderId: FORGOTTEN, ...terms, placedAt, venueOrderId: '4711' }] };
}

const states = ({ publisher }: EngineWorld) =>
  publisher
    .told('order.state')
    .filter((event) => event.body.clientOrderId === FORGOTTEN)
    .map(({ body }) => ({ to: body.to, by: body.evidence.map((each) => each.kind) }));
const entries = ({ publisher }: EngineWorld) =>
  publisher.told('order.state').filter((event) => event.body.to === 'Submitted');

describe('an engine that takes over', () => {
  it('H3, F4: keeps an order that the venue forgot Unknown and opens nothing, until a person decides and the next renewal brings it', async () => {
    world = await openEngineWorld({ venue: 'bybit-linear', ledger: withForgotten() });
    const here = world;
    await here.until('the order is Unknown', () => states(here).length > 0);
    expect(states(here)).toEqual([{ to: 'Unknown', by: [] }]);
    // Asked for each second: three times it was not found.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(states(here)).toHaveLength(1);
    expect(entries(here)).toEqual([]);

    const decision = { id: 'd', clientOrderId: FORGOTTEN, outcome: 'Canceled', who: 'Ada', note: 'seen' } as const;
    here.leases.desired = wish(1, { decisions: [{ ...decision, at: Date.now() }] });
    await here.until('the person ended it', () => states(here).length > 1);
    expect(states(here).at(-1)).toEqual({ to: 'Canceled', by: ['person'] });
    await here.until('it trades', () => entries(here).length > 0, 20_000);

    here.leases.desired = wish(2, { decisions: [{ ...decision, id: 'e', clientOrderId: 'nobodys', at: Date.now() }] });
    const refused = () => here.publisher.told('alert').filter((event) => event.body.code === 'DECISION_REFUSED');
    await here.until('a decision on an order of nobody is refused', () => refused().length > 0);
    expect(refused()[0]?.body.text).toContain('order nobodys');
  }, 60_000);

  it('H15: stays halted as the ledger says, over every renewal, until people wish it to run who knew of that', async () => {
    const halted = { reason: 'the position differed', under: 0, epoch: 3 };
    world = await openEngineWorld({ venue: 'bybit-linear', ledger: { ...EMPTY_LEDGER, halted } });
    const here = world;
    const lane = () => here.publisher.told('lane.state').map((event) => event.body.to);
    await here.until('it is halted', () => lane().length > 0);
    here.leases.desired = wish(5);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([lane(), entries(here)]).toEqual([['Halted'], []]);
    here.leases.desired = wish(6, { wishVersion: 6 });
    await here.until('it goes on', () => lane().includes('Idle'));
    await here.until('it trades', () => entries(here).length > 0, 20_000);
  }, 60_000);
});
