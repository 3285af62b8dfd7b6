import type { LedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { ledgerSizeOf } from '#aws/ledger-position.ts';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { ConfirmationQuery, ConfirmationRecord } from '#core/confirmation/confirmation-record.ts';
import { mayOpen } from '#core/control/dead-man.ts';
import { messageOf } from '#core/errors.ts';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';

type Ledger = Pick<LedgerReader, 'readOrder' | 'readPositions' | 'readAdjustments'>;

/** Asks venue and ledger everything that can prove the end of an order. `index`: of the same ledger; without it the whole of the symbol's is read. Never rejects: what failed is an answer too. */
export async function askVenue(
  venue: () => Promise<VenueQueries>,
  ledger: Ledger,
  record: ConfirmationRecord,
  at: number,
  index: LedgerIndexReader | null = null,
): Promise<ConfirmationQuery> {
  const { clientOrderId, symbol, windowFrom } = record.order;
  const round = record.rounds;
  let intended: boolean | undefined;
  try {
    // The ledger first: what it says is then never newer than what the venue says.
    const [known, position] = await Promise.all([
      ledger.readOrder(record.order, clientOrderId),
      index === null ? wholeSize(ledger, record) : ledgerSizeOf(ledger, index, record.order, symbol),
    ]);
    if (known?.intent != null) intended = !mayOpen(known.intent);
    const queries = await venue();
    const answer = await queries.orderByClientId(symbol, clientOrderId);
    const [openOrders, fills, venuePositions] = await Promise.all([
      queries.openOrders(symbol),
      queries.fillsSince(symbol, windowFrom as EpochMs),
      queries.positions([symbol]),
    ]);
    const report = answer.kind === 'found' ? answer.report : null;
    const venueOrderId = report?.venueOrderId ?? known?.state?.venueOrderId ?? null;
    const isOurs = (each: { clientOrderId: string | null; venueOrderId: string }) =>
      each.clientOrderId === clientOrderId || each.venueOrderId === venueOrderId;
    return {
      kind: 'answered',
      round,
      at,
      onlyCloses: intended ?? [report, openOrders.find(isOurs) ?? null].some((each) => each !== null && !mayOpen(each)),
      order:
        report === null
          ? null
          : {
              venueOrderId: report.venueOrderId,
              status: report.status,
              size: report.size,
              cumulativeSize: report.cumulativeSize,
              venueTime: report.venueTime,
            },
      listedOpen: openOrders.some(isOurs),
      fills: fills.filter(isOurs).map(({ fillId, size }) => ({ fillId, size })),
      position: lessReserved(
        venuePositions.find((each) => each.symbol === symbol)?.size ?? '0',
        known?.intent?.reservedSize,
      ),
      ledger: {
        state: known?.state?.state ?? null,
        venueOrderId: known?.state?.venueOrderId ?? null,
        size: known?.state?.size ?? known?.intent?.size ?? null,
        cumulativeSize: known?.state?.cumulativeSize ?? '0',
        evidence: known?.state?.evidence ?? [],
        position,
      },
    };
  } catch (error) {
    const failed = { kind: 'failed', round, at, reason: messageOf(error) } as const;
    return intended === undefined ? failed : { ...failed, onlyCloses: intended };
  }
}

async function wholeSize(
  ledger: Ledger,
  { order: { venue, symbol, ...account } }: ConfirmationRecord,
): Promise<string> {
  const [position] = await ledger.readPositions(account, { venue, symbol });
  return position?.size ?? '0';
}

/** What a spot balance holds beyond what is not the lane's; never below nothing. */
function lessReserved(position: string, reservedSize: string | undefined): string {
  if (reservedSize === undefined) return position;
  const left = parseExact(position) - parseExact(reservedSize);
  return left > 0n ? formatExact(left) : '0';
}

/** Asks the venue to cancel. A failure that may have taken effect is `unknown`. Never rejects. */
export async function cancelAtVenue(
  venue: () => Promise<VenueQueries>,
  record: ConfirmationRecord,
): Promise<{ readonly answer: 'accepted' | 'rejected' | 'unknown' | 'notSent'; readonly text: string }> {
  const { clientOrderId, symbol } = record.order;
  const known = record.query?.kind === 'answered' ? record.query : null;
  const venueOrderId = known?.order?.venueOrderId ?? known?.ledger.venueOrderId ?? null;
  let queries: VenueQueries;
  try {
    queries = await venue();
  } catch (error) {
    return { answer: 'notSent', text: messageOf(error) };
  }
  try {
    const answer = await queries.cancelOrder({ symbol, clientOrderId: clientOrderId as ClientOrderId, venueOrderId });
    return { answer: answer.kind, text: answer.kind === 'accepted' ? answer.venueOrderId : answer.text };
  } catch (error) {
    const refused = error instanceof VenueError && ['notFound', 'alreadySo', 'reject'].includes(error.venueClass);
    return { answer: refused ? 'rejected' : 'unknown', text: messageOf(error) };
  }
}
