import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKey, ApiKeyRing } from './api-keys.ts';
import type { VenueFaults } from './venue-faults.ts';
import type { VenueRequest } from './venue-server.ts';

/** Whether a request is let in, and if not, the venue's code for it. */
export type GateDecision =
  | { readonly kind: 'open'; readonly key: ApiKey }
  | { readonly kind: 'refused'; readonly retCode: number; readonly retMsg: string };

const refused = (retCode: number, retMsg: string): GateDecision => ({ kind: 'refused', retCode, retMsg });

/** The future side of the accepted window; the past side is the request's own `recv_window`. */
const AHEAD_MS = 1_000;
const DEFAULT_RECV_WINDOW_MS = 5_000;

/** Accepted iff server time - window <= timestamp < server time + 1 s (Bybit V5 documentation, "Integration Guidance"). Null: fine. */
export function timestampFault(
  timestamp: string | undefined,
  recvWindow: string | undefined,
  serverTime: number,
): { readonly retCode: number; readonly retMsg: string } | null {
  const window = recvWindow === undefined || recvWindow === '' ? DEFAULT_RECV_WINDOW_MS : Number(recvWindow);
  const sent = Number(timestamp);
  if (timestamp === undefined || !/^\d{13}$/.test(timestamp) || !Number.isInteger(window) || window <= 0) {
    return { retCode: 10001, retMsg: 'params error: timestamp or recv_window invalid' };
  }
  if (serverTime - window <= sent && sent < serverTime + AHEAD_MS) return null;
  return {
    retCode: 10002,
    retMsg: `invalid request, please check your server timestamp or recv_window param. req_timestamp[${sent}],server_timestamp[${serverTime}],recv_window[${window}]`,
  };
}

/** Checks key, time and signature of a REST request. */
export function admitRequest(request: VenueRequest, keys: ApiKeyRing, serverTime: number): GateDecision {
  const key = request.headers['x-bapi-api-key'];
  const timestamp = request.headers['x-bapi-timestamp'];
  const recvWindow = request.headers['x-bapi-recv-window'];
  const signature = request.headers['x-bapi-sign'];
  if (key === undefined || signature === undefined) return refused(10001, 'empty value: apiKey or sign');
  const known = keys.find(key);
  if (known === null) return refused(10003, 'API key is invalid.');
  const fault = timestampFault(timestamp, recvWindow, serverTime);
  if (fault !== null) return refused(fault.retCode, fault.retMsg);
  const payload = request.method === 'GET' ? request.rawQuery : request.body;
  if (!matches(signature, known.secret, `${timestamp}${key}${recvWindow ?? ''}${payload}`)) {
    return refused(10004, 'error sign! Please check your signature generation algorithm.');
  }
  return { kind: 'open', key: known };
}

/** Checks the `auth` operation of a socket. */
export function admitSession(args: unknown, keys: ApiKeyRing, serverTime: number): GateDecision {
  if (!Array.isArray(args)) return refused(10001, 'Params Error');
  const [key, expires, signature] = args as readonly unknown[];
  if (typeof key !== 'string' || typeof signature !== 'string' || !/^\d{13}$/.test(String(expires))) {
    return refused(10001, 'Params Error');
  }
  const known = keys.find(key);
  if (known === null) return refused(10003, 'Invalid apikey');
  if (!matches(signature, known.secret, `GET/realtime${String(expires)}`)) return refused(10004, 'Error sign');
  if (Number(expires) <= serverTime) return refused(10004, 'expires is in the past');
  return { kind: 'open', key: known };
}

function matches(signature: string, secret: string, payload: string): boolean {
  const expected = Buffer.from(createHmac('sha256', secret).update(payload).digest('hex'));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** One call of a rate-limited operation: whether it is within the limit, and the headers that say so. */
export interface RateDecision {
  readonly ok: boolean;
  readonly headers: Readonly<Record<'X-Bapi-Limit' | 'X-Bapi-Limit-Status' | 'X-Bapi-Limit-Reset-Timestamp', string>>;
}

export interface RateGate {
  take(account: string, operation: string, serverTime: number): RateDecision;
}

/** Rolling second by account and operation. The fault `rateLimited` refuses one call more. */
export function createRateGate(faults: VenueFaults, limitOf: (operation: string) => number): RateGate {
  const calls = new Map<string, number[]>();
  return {
    take(account, operation, serverTime) {
      const name = `${account} ${operation}`;
      const recent = calls.get(name) ?? [];
      calls.set(name, recent);
      while (recent[0] !== undefined && recent[0] <= serverTime - 1_000) recent.shift();
      const limit = limitOf(operation);
      const ok = recent.length < limit && !faults.take('rateLimited');
      if (ok) recent.push(serverTime);
      const resetAt = ok ? serverTime : Math.max((recent[0] ?? serverTime) + 1_000, serverTime + 100);
      return {
        ok,
        headers: {
          'X-Bapi-Limit': String(limit),
          'X-Bapi-Limit-Status': String(ok ? limit - recent.length : 0),
          'X-Bapi-Limit-Reset-Timestamp': String(Math.floor(resetAt)),
        },
      };
    },
  };
}

export interface AddressLimit {
  readonly most: number;
  readonly windowMs: number;
  /** For how long the address is shut out when it exceeds the limit. */
  readonly shutOutMs: number;
}

/** REST: 600 requests in 5 s; beyond, the address is shut out for ten minutes. */
export const REQUESTS_PER_ADDRESS: AddressLimit = { most: 600, windowMs: 5_000, shutOutMs: 600_000 };
/** Websockets: 500 new connections in five minutes. */
export const CONNECTIONS_PER_ADDRESS: AddressLimit = { most: 500, windowMs: 300_000, shutOutMs: 0 };

/** Counts by address in a rolling window; false: refused. */
export function createAddressGate(limit: AddressLimit): (address: string, nowMs: number) => boolean {
  const counted = new Map<string, number[]>();
  const shutUntil = new Map<string, number>();
  return (address, nowMs) => {
    if ((shutUntil.get(address) ?? 0) > nowMs) return false;
    const recent = counted.get(address) ?? [];
    counted.set(address, recent);
    while (recent[0] !== undefined && recent[0] <= nowMs - limit.windowMs) recent.shift();
    if (recent.length < limit.most) {
      recent.push(nowMs);
      return true;
    }
    shutUntil.set(address, nowMs + limit.shutOutMs);
    return false;
  };
}
