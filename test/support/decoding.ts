import type { MarketMessage } from '#core/market/market-message.ts';
import type { MarketDataProtocol } from '#venues/venue.ts';

/** A decoder with what it says of each frame as a list. Frames are text or objects. */
export function createReader(protocol: MarketDataProtocol): (frame: unknown) => MarketMessage[] {
  const decode = protocol.createDecoder();
  return (frame) => {
    const messages: MarketMessage[] = [];
    decode(Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)), (message) => messages.push(message));
    return messages;
  };
}

/** What `expect(…).toThrow` must see for a frame that cannot be read. */
export const FRAME_INVALID = { class: 'validation', code: 'FRAME_INVALID' };
