import { expect, it } from 'vitest';
import { isOpenToAll, liveKeys } from '#local/start/live-keys.ts';

it('R1: live prices of Alpaca come with its keys in the environment, those of the others without any', () => {
  const keys = { APCA_API_KEY_ID: 'id', APCA_API_SECRET_KEY: 'secret' };
  expect(liveKeys('alpaca', keys)).toEqual({ key: 'id', secret: 'secret' });
  expect(isOpenToAll('alpaca', keys)).toBe(true);
  expect(isOpenToAll('alpaca', { ...keys, APCA_API_SECRET_KEY: '' })).toBe(false);
  expect(isOpenToAll('bybit-linear', {})).toBe(true);
  expect(liveKeys('bybit-linear', keys)).toBeNull();
});
