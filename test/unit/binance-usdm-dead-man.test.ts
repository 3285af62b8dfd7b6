import { describe, expect, test } from 'vitest';
import { answers, BTCUSDT, intent, LATER, openBinance, until } from '../support/binance-usdm-world.ts';

async function trading(deadMan: { countdownMs: number; renewMs: number }) {
  const world = await openBinance();
  const { entry } = await world.openOrderEntry({ deadMan });
  await until('order entry live', () => entry.notReady() === null);
  const { received, take } = answers();
  entry.place(intent(), BTCUSDT, LATER(), take);
  await until('the order', () => received[0]);
  return { ...world, entry };
}
const rested = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe('countdown of USD-M', () => {
  test('M2: orders go by themselves when nobody renews the countdown', async () => {
    const { exchange, advance } = await trading({ countdownMs: 150, renewMs: 60_000 });
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
    await until('the venue has cancelled', () => {
      advance();
      return exchange.openOrders('tested', null).length === 0;
    });
    expect(exchange.orders('tested', null)).toMatchObject([{ status: 'canceled' }]);
  });

  test('they stay while it is renewed, and when order entry stops in order', async () => {
    const { exchange, entry, advance } = await trading({ countdownMs: 200, renewMs: 40 });
    await rested(500);
    advance();
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
    await entry.stop();
    await rested(350);
    advance();
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
  });

  test('a countdown that the venue refuses is said, and does not keep an order back', async () => {
    const { server, logged, exchange } = await trading({ countdownMs: 60_000, renewMs: 30 });
    server.faults.arm('rateLimited');
    await until('said', () => logged.find((line) => line.includes('countdown not set')));
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
  });
});
