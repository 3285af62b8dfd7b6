/** JSON-RPC 2.0 as the simulated Deribit speaks it. */

export type Fields = Readonly<Record<string, unknown>>;

export interface RpcRequest {
  /** As it was sent; null where there was none. */
  readonly id: unknown;
  readonly method: string;
  readonly params: Fields;
}

/** What a method answers: its result, or an error of the venue's. */
export type RpcOutcome = { readonly result: unknown } | RpcRefusal;

export interface RpcRefusal {
  readonly code: number;
  readonly message: string;
  readonly data?: Fields;
}

declare global {
  interface JSON {
    /** A value that `stringify` writes as the text that it is (ECMAScript, "JSON.parse source text access"). */
    rawJSON(text: string): unknown;
  }
}

/** A decimal that is written digit by digit: a double would lose some. */
export function exact(decimal: string): unknown {
  return JSON.rawJSON(decimal);
}

export function refuse(code: number, message: string, data?: Fields): RpcRefusal {
  return data === undefined ? { code, message } : { code, message, data };
}

export function invalidParameter(param: string, reason = 'wrong format'): RpcRefusal {
  return refuse(-32602, 'Invalid params', { param, reason });
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A request, or null for what is none. */
export function readRequest(text: string): RpcRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!isFields(value) || typeof value.method !== 'string') return null;
  return { id: value.id ?? null, method: value.method, params: isFields(value.params) ? value.params : {} };
}

/** The text of an answer; `nowMs` is the venue's time when it is written. */
export function answerText(id: unknown, outcome: RpcOutcome, nowMs: number): string {
  const usOut = Math.floor(nowMs) * 1_000;
  const times = { usIn: usOut, usOut, usDiff: 0, testnet: true };
  if ('result' in outcome) return JSON.stringify({ jsonrpc: '2.0', id, result: outcome.result, ...times });
  const { code, message, data } = outcome;
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { message, ...(data === undefined ? {} : { data }), code },
    ...times,
  });
}

/** The text of a notification. */
export function notificationText(channel: string, data: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'subscription', params: { channel, data } });
}

export function textField(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A number, or text that is one, as REST sends it. */
export function numberField(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const number = Number(value);
  return value === '' || !Number.isFinite(number) ? null : number;
}

export function booleanField(fields: Fields, name: string): boolean {
  return fields[name] === true || fields[name] === 'true';
}
