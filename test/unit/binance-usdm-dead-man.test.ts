import { describe, expect, onTestFinished, test } from 'vitest';
import { createRestClient } from '#venues/binance/rest.ts';
import { binanceUsdmApi } from '#venues/binance-usdm/api.ts';
import { createDeadManSwitch } from '#venues/binance-usdm/dead-man-switch.ts';
import { answers, BTCUSDT, intent, LATER, openBinance } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

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

  test('F26: a symbol without orders is let go, its countdown ended; one with an order stays, and a new order is guarded again', async () => {
    const world = await openBinance();
    const countdowns: string[] = [];
    const rest = createRestClient(binanceUsdmApi, {
      ...world.runtime,
      fetch: (address, options) => {
        const { pathname, searchParams } = new URL(String(address));
        if (pathname.endsWith('/countdownCancelAll')) countdowns.push(searchParams.get('countdownTime') ?? '');
        return world.runtime.fetch(address, options);
      },
    });
    const deadMan = createDeadManSwitch(
      { rest, timers: world.runtime.timers, log: world.runtime.log },
      { countdownMs: 60_000, renewMs: 15, idleRenewals: 2 },
    );
    onTestFinished(() => deadMan.stop());
    const { entry } = await world.openOrderEntry();
    await until('order entry live', () => entry.notReady() === null);
    const order = intent();
    const { received, take } = answers();
    entry.place(order, BTCUSDT, LATER(), take);
    await until('the order', () => received[0]);
    deadMan.guard('BTCUSDT');
    deadMan.start();
    await until('renewed', () => countdowns.length > 12);
    expect(countdowns).not.toContain('0');

    entry.cancel({ symbol: 'BTCUSDT', clientOrderId: order.clientOrderId, venueOrderId: null }, LATER(), take);
    await until('let go', () => countdowns.at(-1) === '0');
    const { length } = countdowns;
    await rested(60);
    expect(countdowns).toHaveLength(length);
    deadMan.guard('BTCUSDT');
    await until('guarded again', () => countdowns.at(-1) === '60000');
  });

  test('a countdown that the venue refuses is said, and does not keep an order back', async () => {
    const { server, logged, exchange } = await trading({ countdownMs: 60_000, renewMs: 30 });
    server.faults.arm('rateLimited');
    await until('said', () => logged.find((line) => line.includes('countdown not set')));
    expect(exchange.openOrders('tested', null)).toHaveLength(1);
  });
});
