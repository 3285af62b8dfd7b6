import { decodeMarketRecord, type MarketRecord } from './market-record.ts';
import type { ParsedRecord } from './ordered-stream-processor.ts';

/** A record of the market stream, decoded, with its bytes. */
export interface ReceivedRecord {
  readonly record: MarketRecord;
  readonly data: Uint8Array;
}

/** Reads a record of the market stream for a consumer. Never throws. */
export function parseMarketRecord(data: Buffer): ParsedRecord<ReceivedRecord> {
  const decoded = decodeMarketRecord(data);
  switch (decoded.kind) {
    case 'record':
      return { kind: 'message', message: { record: decoded.record, data } };
    case 'unknownVersion':
      return { kind: 'held', reason: `RECORD_VERSION_UNKNOWN: version=${decoded.version}` };
    case 'malformed':
      return { kind: 'malformed', reason: `RECORD_MALFORMED: ${decoded.reason}` };
  }
}
