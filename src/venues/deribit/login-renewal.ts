import { z } from 'zod';
import type { MarketMessage } from '#core/market/market-message.ts';
import { type RpcMessage, requestText } from './json-rpc.ts';

const AUTH_ID = /-auth$/;
const RENEWAL_ID = 'renewal';
/** A login is renewed at this share of its life. */
const RENEW_AT = 0.8;
const TOKENS = /("(?:access|refresh)_token"\s*:\s*")[^"]*"/g;
const TOKEN = Buffer.from('_token"');
/** No answer to a login is longer. */
const MAX_ANSWER_BYTES = 8_192;

const granted = z.object({ expires_in: z.string().regex(/^\d{1,12}$/), refresh_token: z.string().min(1) });

/** The frame without the tokens that the answer to a login holds: who has them has the account for as long as they last. */
export function withoutTokens(frame: Buffer): Buffer {
  if (frame.length > MAX_ANSWER_BYTES || frame.indexOf(TOKEN) < 0) return frame;
  return Buffer.from(frame.toString('utf8').replace(TOKENS, '$1hidden"'));
}

/**
 * Keeps the login of a market-data connection: what is subscribed to with `raw` later on needs one that is good. The time is the venue's, as its answers state it, and
 * one comes with each sign of life.
 */
export class LoginRenewal {
  #refreshToken = '';
  /** Microseconds, by the venue's clock. */
  #renewAt = Number.POSITIVE_INFINITY;

  /** What an answer asks for: nothing, the renewal, or another connection where that was refused. True: the answer was to a renewal, and nobody else waits for it. */
  onAnswer({ id, result, error, usOut }: RpcMessage, emit: (message: MarketMessage) => void): boolean {
    const isRenewal = id === RENEWAL_ID;
    const now = Number(usOut ?? 0);
    if (isRenewal || AUTH_ID.test(id ?? '')) {
      const grant = granted.safeParse(result);
      if (grant.success) {
        this.#refreshToken = grant.data.refresh_token;
        this.#renewAt = now + Number(grant.data.expires_in) * 1e6 * RENEW_AT;
      } else if (isRenewal) {
        emit({ type: 'notice', notice: 'shutdown', text: `login not renewed, code=${error?.code ?? 'none'}` });
      }
    } else if (now >= this.#renewAt) {
      this.#renewAt = Number.POSITIVE_INFINITY;
      const grant = { grant_type: 'refresh_token', refresh_token: this.#refreshToken };
      emit({ type: 'reply', text: requestText(RENEWAL_ID, 'public/auth', grant) });
    }
    return isRenewal;
  }
}
