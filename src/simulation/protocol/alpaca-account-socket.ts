import type { AlpacaAccountHub } from './alpaca-account-hub.ts';
import { type AlpacaConnectionLimit, admit, isRecord, parseMessage } from './alpaca-socket.ts';
import type { ApiKeyRing } from './api-keys.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

const STREAM = 'trade_updates';

/** The account stream's protocol (Alpaca documentation, "Websocket streaming"); answers are binary frames, as those of the paper addresses are. */
export function createAlpacaAccountSocket(options: {
  readonly keys: ApiKeyRing;
  readonly limit: AlpacaConnectionLimit;
  readonly hub: AlpacaAccountHub;
}): SessionProtocol {
  const { keys, limit, hub } = options;

  function say(session: VenueSession, stream: string, data: Readonly<Record<string, unknown>>): void {
    session.sendBinary(Buffer.from(JSON.stringify({ stream, data })));
  }

  function login(session: VenueSession, key: unknown, secret: unknown): void {
    const action = 'authenticate';
    const known = admit(keys, key, secret);
    if (limit.keyOf(session) !== null) {
      say(session, 'authorization', { status: 'authorized', action });
    } else if (known === null) {
      say(session, 'authorization', { status: 'unauthorized', action, message: 'access key verification failed' });
      session.close(1000, 'unauthorized');
    } else if (!limit.enter(session, known)) {
      say(session, 'authorization', { status: 'unauthorized', action, message: 'connection limit exceeded' });
      session.close(1000, 'connection limit exceeded');
    } else say(session, 'authorization', { status: 'authorized', action });
  }

  function listen(session: VenueSession, streams: unknown): void {
    const key = limit.keyOf(session);
    if (key === null) {
      say(session, 'authorization', { status: 'unauthorized', action: 'listen' });
      return;
    }
    const listens = Array.isArray(streams) && streams.includes(STREAM);
    hub.listen(session, key.accountId, listens);
    say(session, 'listening', { streams: listens ? [STREAM] : [] });
  }

  return {
    maxMessagesPerSecond: null,
    onMessage(session, text) {
      const message = parseMessage(text);
      const data = isRecord(message?.data) ? message.data : {};
      switch (message?.action) {
        case 'authenticate':
          login(session, data.key_id, data.secret_key);
          return;
        case 'auth':
          login(session, message.key, message.secret);
          return;
        case 'listen':
          listen(session, data.streams);
          return;
        default:
          say(session, 'listening', { streams: [], error: 'invalid action' });
      }
    },
    onClose(session, code) {
      hub.forget(session);
      limit.leave(session, code);
    },
  };
}
