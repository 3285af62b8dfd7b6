import { afterEach, describe, expect, it } from 'vitest';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

// A naive client ends with the first refused signature, takes its market data down with it, or needs a restart for the right key.
describe.each(['binance-usdm', 'bybit-linear'] as const)('keys on %s', (venue) => {
  it('G9: a key rotated to a wrong one and back: feeds go on without a gap, the account is shown degraded, and it trades again by itself', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    const unit = () => here.engine.units()[0];
    const trading = () => unit()?.closed === null && unit()?.fence === null;
    const messages = () => here.engine.feeds()[0]?.books[0]?.messages ?? 0;
    await here.until('it trades', trading, 20_000);
    const gaps = here.publisher.told('feed.gap').length;

    here.useKeys({ key: 'wrong', secret: 'f'.repeat(48) });
    await here.until('the account is degraded', () => !trading(), 20_000);
    const parts = JSON.stringify(here.engine.health().parts);
    expect(parts).toContain('"ok":false');
    expect(parts).not.toContain('f'.repeat(48));
    const before = messages();
    await here.until('market data flows on', () => messages() > before + 20);
    expect(here.engine.feeds()[0]?.connections.every(({ status }) => status.state === 'live')).toBe(true);

    here.useKeys(here.venueKeys);
    await here.until('it trades again', trading, 30_000);
    expect(here.publisher.told('feed.gap').length).toBe(gaps);
    expect(here.engine.feeds()[0]?.books.every(({ valid, gaps: lost }) => valid && lost === 0)).toBe(true);
  }, 60_000);
});
