import type { VenueId } from '#core/market/instrument.ts';
import { canonicalDecimal, formatScaled } from '#core/market/scaled-decimal.ts';
import { isForeignOrderId } from '#core/orders/foreign-order.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { SimulatedOrder } from '#simulation/exchange/simulated-exchange.ts';
import { isEntry } from '#simulation/scenarios/conditions.ts';
import type { EngineProcesses, ProcessVenue } from './engine-process.ts';

const REST_MS = 40_000;
const OPEN_MS = 40_000;
/** The whole ledger is read each time. */
const LEDGER_LOOK_MS = 1_500;
const STATUS_LOOK_MS = 250;

const isOver = ({ status }: SimulatedOrder): boolean => ['filled', 'canceled', 'expired'].includes(status);

/**
 * What venue, ledger and engine say differently of one venue's account, a line each. Meant for a lane at rest: while it trades, what is on its way differs.
 */
export async function differences(world: EngineProcesses, id: VenueId): Promise<readonly string[]> {
  const venue = world.venue(id);
  const [ledgerOrders, ledgerFills, ledgerPositions, trader] = await Promise.all([
    world.ledger.readOrders(world.account),
    world.ledger.readFills(world.account),
    world.ledger.readPositions(world.account),
    world.trader(id),
  ]);
  const status = await trader?.status();
  const lines: string[] = [];
  const known = new Map(ledgerOrders.map((each) => [each.clientOrderId, each]));
  const placed = new Set<string>();
  for (const order of venue.exchange.orders(venue.account, null)) {
    const name = order.clientOrderId;
    // By hand, or by the venue itself.
    if (name === null) continue;
    if (placed.has(name)) lines.push(`order ${name} was placed twice`);
    placed.add(name);
    lines.push(...judgeOrder(venue, order, known.get(name)));
  }
  for (const { clientOrderId, state, intent } of ledgerOrders) {
    if ((state?.venue ?? intent?.venue) !== id || placed.has(clientOrderId) || state?.state === 'Denied') continue;
    // By hand, or by the venue itself; their fills are compared below.
    if (isForeignOrderId(clientOrderId)) continue;
    if (state?.state === 'Rejected' && state.evidence.length > 0) continue;
    lines.push(`order ${clientOrderId} is ${state?.state ?? 'intended'} in the ledger, and the venue never had it`);
  }
  const told = new Set(ledgerFills.filter((fill) => fill.venue === id).map((fill) => fill.fillId));
  const executed = new Set(venue.fillIds());
  for (const fill of executed) if (!told.has(fill)) lines.push(`fill ${fill} is not in the ledger`);
  for (const fill of told) if (!executed.has(fill)) lines.push(`fill ${fill} of the ledger never happened`);
  const lanes = status?.units.find(({ unit }) => unit === venue.unit)?.lanes ?? [];
  for (const { instrument } of venue.symbols) {
    const { symbol } = instrument;
    const truth = venue.position(symbol);
    const ledger = canonicalDecimal(
      ledgerPositions.find((row) => row.venue === id && row.symbol === symbol)?.size ?? '0',
    );
    const lane = lanes.find((each) => each.symbol === symbol);
    // Nobody trades, or whoever does has not said so yet: that is a difference, and may pass. On a symbol without a lane among others nothing is held.
    const engine = lane === undefined && lanes.length === 0 ? 'no lane' : canonicalDecimal(lane?.position ?? '0');
    if (canonicalDecimal(truth) !== ledger || ledger !== engine)
      lines.push(`position of ${symbol}: engine ${engine}, ledger ${ledger}, venue ${truth}`);
  }
  return lines;
}

function judgeOrder(
  venue: ProcessVenue,
  order: SimulatedOrder,
  known: Awaited<ReturnType<EngineProcesses['ledger']['readOrders']>>[number] | undefined,
): readonly string[] {
  const name = order.clientOrderId;
  if (known === undefined || known.state === null) return [`order ${name} is ${order.status} and not in the ledger`];
  const { state, evidence, cumulativeSize } = known.state;
  if (!isOver(order)) return [`order ${name} is ${order.status} at the venue, ${state} in the ledger`];
  if (!isTerminal(state)) return [`order ${name} is ${order.status} at the venue, ${state} in the ledger`];
  const lines: string[] = [];
  if (evidence.length === 0) lines.push(`order ${name} is ${state} without evidence`);
  if ((order.status === 'filled') !== (state === 'Filled'))
    lines.push(`order ${name} is ${order.status} at the venue, ${state} in the ledger`);
  const scale = venue.exchange.instruments.find(({ symbol }) => symbol === order.symbol)?.sizeScale ?? 0;
  const filled = canonicalDecimal(formatScaled(order.cumulativeSize, scale));
  if (canonicalDecimal(cumulativeSize) !== filled)
    lines.push(`order ${name} filled ${filled} at the venue, ${cumulativeSize} in the ledger`);
  return lines;
}

/** Lets the lanes of a venue come to rest without new entries. */
export async function bringToRest(world: EngineProcesses, id: VenueId, withinMs = REST_MS): Promise<void> {
  const venue = world.venue(id);
  await world.wish(id, 'reduce', 'come to rest');
  const atRest = async () => {
    const unit = (await (await world.trader(id))?.status())?.units.find((each) => each.unit === venue.unit);
    return (
      unit !== undefined &&
      unit.lanes.length > 0 &&
      unit.lanes.every((lane) => lane.state === 'Idle' && lane.entriesPaused !== null && lane.openOrders === 0) &&
      venue.exchange.openOrders(venue.account, null).length === 0
    );
  };
  await world.until(`${id} comes to rest`, atRest, withinMs, STATUS_LOOK_MS);
}

/** As `bringToRest`, and resolves when venue, ledger and engine say the same; rejects with what differs. */
export async function comeToRest(world: EngineProcesses, id: VenueId, withinMs = REST_MS): Promise<void> {
  await bringToRest(world, id, withinMs);
  let left: readonly string[] = [];
  const agree = async () => {
    left = await differences(world, id);
    return left.length === 0;
  };
  await world.until('all agree', agree, withinMs, LEDGER_LOOK_MS).catch((error: Error) => {
    throw new Error(`${left.map((line) => `${line}${toldOf(world, line)}`).join('\n')}\n${error.message}`);
  });
}

/** What the engines told of the order that a line is about. */
export function toldOf(world: EngineProcesses, line: string): string {
  const name = /^order (\S+)/.exec(line)?.[1];
  if (name === undefined) return '';
  const told = world.events.flatMap((event) => {
    if (event.type === 'order.intended' && event.body.clientOrderId === name)
      return [`intended (${event.epoch}/${event.sequence})`];
    if (event.type !== 'order.state' || event.body.clientOrderId !== name) return [];
    return [`${event.body.from} → ${event.body.to} (${event.epoch}/${event.sequence})`];
  });
  return `; told: ${told.join(', ') || 'nothing'}`;
}

/** Lets the lanes of a venue enter again, and resolves when one has. */
export async function tradeOn(world: EngineProcesses, id: VenueId, withinMs = OPEN_MS): Promise<void> {
  const venue = world.venue(id);
  const before = venue.watch.acts.length;
  await world.wish(id, 'run', 'trade on');
  await world.until(
    `${id} trades`,
    () => venue.watch.acts.slice(before).some(({ kind }) => kind === 'order'),
    withinMs,
  );
}

/** Counts, by the venue's own view, entries that met a position or another working entry of the same symbol. */
export function watchEntries(venue: ProcessVenue): { readonly entries: number; readonly doubled: readonly string[] } {
  const working = new Map<string, Set<string>>();
  const doubled: string[] = [];
  let entries = 0;
  venue.watch.onAct((act) => {
    if (act.kind !== 'order' || act.order.clientOrderId === null) return;
    const { order, change, held } = act;
    const name = act.order.clientOrderId;
    const ofSymbol = working.get(order.symbol) ?? new Set();
    working.set(order.symbol, ofSymbol);
    if (change === 'new' && isEntry(venue.exchange, order, held)) {
      entries += 1;
      if (held !== 0) doubled.push(`${name} entered ${order.symbol} while ${held} lots were held`);
      if (ofSymbol.size > 0) doubled.push(`${name} entered ${order.symbol} beside ${[...ofSymbol].join(', ')}`);
      ofSymbol.add(name);
    }
    if (isOver(order)) ofSymbol.delete(name);
  });
  return {
    get entries() {
      return entries;
    },
    doubled,
  };
}
