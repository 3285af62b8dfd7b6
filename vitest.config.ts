import { defineConfig } from 'vitest/config';

/**
 * Suites by room, in the order in which a failure is cheapest to read. What runs engines, emulator and functions as processes goes last and alone: its bounds in
 * seconds are the product's, and must not be spent on other tests. Longer work has its own command: `npm run campaign`.
 */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }], './test/plain-summary-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: ['test/campaign/**', 'test/emulator/**'],
          // Most of these tests wait for time to pass: a worker for each core, where the default leaves one core out.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'emulator',
          include: ['test/emulator/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
