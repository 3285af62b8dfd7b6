import { describe, expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import type { AuditedConfirmation } from '#core/audit/audit-order.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { Checkpoint } from '#core/ledger/ledger-index.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { parseAuditArguments } from '#local/audit/arguments.ts';
import { auditUnits } from '#local/audit/audit-units.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const MINUTE = 60_000;
const NOW = 1_700_000_000_000 + 60 * MINUTE;

/** An order that is filled in two executions, one of which names it by the venue's id alone. */
const WHOLE: readonly TradingEvent[] = [
  buildEvent('order.intended', intendedBody('o-1'), { sequence: 1 }),
  buildEvent('order.state', stateBody('o-1', 'Accepted'), { sequence: 2 }),
  buildEvent('fill', fillBody('f-1', { clientOrderId: 'o-1' }), { sequence: 3 }),
  buildEvent('fill', fillBody('f-2', { clientOrderId: null }), { sequence: 4 }),
  buildEvent('order.state', stateBody('o-1', 'Filled', { evidence: [{ kind: 'fills', fillIds: ['f-1', 'f-2'] }] }), {
    sequence: 5,
  }),
];

async function audit(
  events: readonly TradingEvent[],
  selection: Partial<Parameters<typeof auditUnits>[2]> = {},
  confirmations: ReadonlyMap<string, AuditedConfirmation> = new Map(),
) {
  const { client } = createFakeDynamoDb();
  const ledger = createLedger(client, 'ledger');
  for (const event of events) await ledger.apply(event);
  const lines: string[] = [];
  const counts = await auditUnits(
    {
      ledger: createLedgerReader(client, 'ledger'),
      index: createLedgerIndexReader(client, 'ledger'),
      confirmations: async () => confirmations,
      print: (line) => lines.push(line),
      nowMs: () => NOW,
    },
    [UNIT],
    { from: null, to: null, clientOrderId: null, ...selection },
  );
  return { counts, lines, text: lines.join('\n') };
}

describe('npm run audit', () => {
  it('M1: shows the life of an order with its evidence, its position, and how many are proven', async () => {
    const confirmed = { kind: 'ended', state: 'Filled', by: 'callback', reason: '' } as const;
    const { counts, lines, text } = await audit(WHOLE, {}, new Map([['o-1', confirmed]]));
    expect(counts).toEqual({ orders: 1, proven: 1, unproven: 0, open: 0, faults: 0 });
    expect(lines.at(-1)).toBe('1 orders, 1 proven, 0 unproven');
    expect(lines).toContain('proven   o-1 buy 0.02 BTCUSDT Filled');
    expect(text).toContain('executed  2023-11-14T22:13:20.400Z f-2: buy 0.01 at 100.5, fee 0.0004 USDT, taker');
    expect(text).toContain('evidence  executions f-1, f-2');
    expect(text).toContain('confirmed Filled by callback');
    expect(lines).toContain('position binance-usdm BTCUSDT 0.02 = 2 fills + 0 adjustments');
  });

  it('M1: an execution that is cited and not there, and a confirmation that says otherwise, are faults of their order', async () => {
    const expired = { kind: 'ended', state: 'Rejected', by: 'query', reason: '' } as const;
    const { counts, lines } = await audit(
      WHOLE.filter((event) => event.type !== 'fill' || event.body.fillId !== 'f-2'),
      {},
      new Map([['o-1', expired]]),
    );
    expect(counts).toMatchObject({ orders: 1, proven: 0, unproven: 1 });
    expect(lines.filter((line) => line.includes('FAULT'))).toEqual([
      '  FAULT     cites executions that the ledger does not have of it: f-2',
      '  FAULT     0.02 filled, its executions come to 0.01',
      '  FAULT     its confirmation says Rejected (by query)',
    ]);
    expect(lines.at(-1)).toBe('1 orders, 0 proven, 1 unproven');
  });

  it('H3: an order without an end is open while it rests, and unproven when nobody has said anything of it for long', async () => {
    const old = { time: NOW - 30 * MINUTE };
    const events = [
      buildEvent('order.intended', intendedBody('o-1'), { sequence: 1, ...old }),
      buildEvent('order.state', stateBody('o-1', 'Accepted'), { sequence: 2, ...old }),
      buildEvent('order.intended', intendedBody('o-2'), { sequence: 3, ...old }),
      buildEvent('order.state', stateBody('o-2', 'Unknown'), { sequence: 4, ...old }),
      buildEvent('order.intended', intendedBody('o-3'), { sequence: 5, time: NOW - MINUTE }),
    ];
    const { counts, text } = await audit(events);
    expect(counts).toMatchObject({ proven: 0, unproven: 1, open: 2 });
    expect(text).toContain('no end for 30 minutes: Unknown');
    expect(text).toContain('2 orders have not ended');
  });

  it('M1: an order that nobody here placed needs no intent, an end of our own does', async () => {
    const foreign = { venueOrderId: '99', foreign: { side: 'sell', reduceOnly: false } } as const;
    const evidence = [{ kind: 'query' as const, venueOrderId: '99', venueTime: 1 }];
    const events = [
      buildEvent('order.state', stateBody('foreign-99', 'Canceled', { ...foreign, evidence }), { sequence: 1 }),
      buildEvent('order.state', stateBody('o-7', 'Canceled', { venueOrderId: '98' }), { sequence: 2 }),
    ];
    const { counts, lines } = await audit(events);
    expect(counts).toMatchObject({ proven: 1, unproven: 1 });
    expect(lines).toContain('proven   foreign-99 sell 0.02 BTCUSDT Canceled');
    expect(lines).toContain('  FAULT     it ended, and nobody intended it');
  });

  it('selects by time and by order; of one order alone no position is counted', async () => {
    const later = buildEvent('order.intended', intendedBody('o-2'), { sequence: 9, time: NOW - 2 * MINUTE });
    const denied = buildEvent(
      'order.denied',
      { clientOrderId: 'o-2', lane: 'scalper', symbol: 'BTCUSDT', code: 'MARKET_CLOSED', detail: 'x' },
      { sequence: 10, time: NOW - 2 * MINUTE },
    );
    const events = [...WHOLE, later, denied];
    expect((await audit(events)).counts.orders).toBe(2);
    expect((await audit(events, { from: NOW - 3 * MINUTE })).counts.orders).toBe(1);
    expect((await audit(events, { to: NOW - 3 * MINUTE })).lines.at(-1)).toBe('1 orders, 1 proven, 0 unproven');
    const one = await audit(events, { clientOrderId: 'o-2' });
    expect(one.text).toContain('evidence  it never left: MARKET_CLOSED');
    expect(one.text).not.toContain('position');
  });

  it.each(['readOrders', 'readFills'] as const)(
    'M1: what is written while it reads (%s) is no fault of what it read',
    async (moment) => {
      const { client } = createFakeDynamoDb();
      const ledger = createLedger(client, 'ledger');
      for (const event of WHOLE) await ledger.apply(event);
      const { moves } = createLedgerIndexReader(client, 'ledger');
      const flat = { fold: { size: '0', through: 0 }, since: 0 } as unknown as Checkpoint;
      const own = `${orderIdPrefix('paper', unitId(UNIT))}1-1`;
      const meanwhile = [
        buildEvent('order.intended', intendedBody(own), { sequence: 6 }),
        buildEvent('fill', fillBody('f-3', { clientOrderId: own, venueOrderId: '900' }), { sequence: 7 }),
      ];
      const reader = createLedgerReader(client, 'ledger');
      let written = false;
      const write = async <Answer>(answer: Promise<Answer>, now: boolean): Promise<Answer> => {
        const answered = await answer;
        if (now && !written) {
          written = true;
          for (const event of meanwhile) await ledger.apply(event);
        }
        return answered;
      };
      const lines: string[] = [];
      const counts = await auditUnits(
        {
          ledger: {
            ...reader,
            readOrders: (unit) => write(reader.readOrders(unit), moment === 'readOrders'),
            readFills: (unit) => write(reader.readFills(unit), moment === 'readFills'),
          },
          index: { moves, checkpoint: async () => flat },
          confirmations: null,
          print: (line) => lines.push(line),
          nowMs: () => NOW,
        },
        [UNIT],
        { from: null, to: null, clientOrderId: null },
      );
      expect(written).toBe(true);
      expect([counts.faults, lines.filter((line) => line.includes('FAULT'))]).toEqual([0, []]);
    },
  );

  it('R3: its arguments are refused with every fault at once', () => {
    const parse = () => parseAuditArguments(['--unit', 'main', '--from', 'soon', '--environment', 'here']);
    expect(parse).toThrow(/ARGUMENTS_INVALID[\s\S]*--environment[\s\S]*--unit[\s\S]*--from/);
    expect(() => parseAuditArguments(['--from', '2026-02-01', '--to', '2026-01-01'])).toThrow('--from must be before');
    expect(parseAuditArguments(['--order', 'o-1', '--no-confirmations'])).toEqual({
      environment: 'local',
      units: null,
      from: null,
      to: null,
      order: 'o-1',
      confirmations: false,
    });
  });
});
