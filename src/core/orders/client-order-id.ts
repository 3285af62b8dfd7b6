import type { Mode, UnitId } from '../control/unit.ts';
import { MillraceError } from '../errors.ts';
import type { ClientOrderId } from './order.ts';

const MODE_LETTER: Record<Mode, string> = { paper: 'p', testnet: 't', live: 'l' };

/** FNV-1a, 32 bits: spreads unit names over codes; equal on every machine. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The part of an order id that says whose it is: mode letter and the unit's code; with an epoch, also under which lease it was sent. */
export function orderIdPrefix(mode: Mode, unit: UnitId, epoch?: number): string {
  const owner = `${MODE_LETTER[mode]}${hash32(unit).toString(36).padStart(7, '0')}-`;
  return epoch === undefined ? owner : `${owner}${epoch.toString(36)}-`;
}

/**
 * Order ids of one lease: `<mode letter><unit code>-<epoch>-<counter>` in base 36, at most 36 characters of `[0-9a-z-]`
 * (Bybit and Binance allow 36; Step Functions names 80). They never come again: an epoch is never used twice for a unit, a counter never within an epoch.
 */
export function createOrderIds(mode: Mode, unit: UnitId, epoch: number): () => ClientOrderId {
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw new MillraceError('fatal', 'EPOCH_INVALID', `epoch=${epoch}`);
  const prefix = orderIdPrefix(mode, unit, epoch);
  let counter = 0;
  return () => {
    counter += 1;
    return `${prefix}${counter.toString(36)}` as ClientOrderId;
  };
}
