import type { Channel, Subscription } from './market-message.ts';

/**
 * Whether each message of a channel says by itself what a reader of the stream takes from it. Not so: tickers, which venues state piece by piece, and quotes, which one exchange
 * sends as changes of a book: a reader that has only some of the frames would put old pieces together with new ones. Of books readers take only how far they reach.
 */
const READ_APART: Readonly<Record<Channel, boolean>> = {
  book: true,
  trades: true,
  liquidations: true,
  candles: true,
  news: true,
  status: true,
  quotes: false,
  ticker: false,
};

/** Whether the frames of a connection with these subscriptions may be read apart from one another, by readers that do not have all of them. */
export function canBeReadApart(subscriptions: readonly Pick<Subscription, 'channel'>[]): boolean {
  return subscriptions.every(({ channel }) => READ_APART[channel]);
}
