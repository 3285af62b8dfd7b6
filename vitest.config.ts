import { defineConfig } from 'vitest/config';

/** Suites by room, in the order in which a failure is cheapest to read. Long suites get their own time limit. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Longer work has its own command: `npm run campaign`.
    exclude: ['test/campaign/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }], './test/plain-summary-reporter.ts'],
  },
});
