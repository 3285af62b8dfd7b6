import { z } from 'zod';

/**
 * JSON-RPC 2.0 as Deribit speaks it: requests `{jsonrpc,id,method,params}`, answers `{jsonrpc,id,result|error,usIn,usOut,…}`, notifications without an id. Numbers
 * have become decimal text when these are read (`json-numbers.ts`).
 */

/** A decimal that is written into a request as a JSON number, digit by digit. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type RequestValue = string | number | boolean | NumberText | readonly string[];
/** Parameters that are undefined are left out. */
export type RequestParameters = Readonly<Record<string, RequestValue | undefined>>;

/** The text of a request; field by field, so that decimals stay what they are. */
export function requestText(id: string, method: string, parameters: RequestParameters): string {
  const params = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => `${JSON.stringify(name)}:${value instanceof NumberText ? value.text : JSON.stringify(value)}`,
    )
    .join(',');
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)},"params":{${params}}}`;
}

const digits = z.string().regex(/^\d{1,17}$/);

/** `error.data` may hold `{reason,param}` ("Errors"). */
const errorBody = z.object({
  code: z.string(),
  message: z.string(),
  data: z.unknown().optional(),
});
export type RpcError = z.infer<typeof errorBody>;

export const rpcMessage = z.object({
  id: z.string().nullish(),
  method: z.string().optional(),
  params: z
    .object({ channel: z.string().optional(), type: z.string().optional(), data: z.unknown() })
    .partial()
    .optional(),
  result: z.unknown().optional(),
  error: errorBody.optional(),
  /** Microseconds, by the venue's clock. */
  usIn: digits.optional(),
  usOut: digits.optional(),
});
export type RpcMessage = z.infer<typeof rpcMessage>;

const reasoned = z.object({ reason: z.string(), param: z.string().optional() });

/** What an error says, in one line. */
export function errorText({ message, data }: RpcError): string {
  const more = reasoned.safeParse(data);
  if (!more.success) return message;
  return `${message}: ${more.data.reason}${more.data.param === undefined ? '' : ` (${more.data.param})`}`;
}
