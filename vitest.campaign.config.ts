import { defineConfig } from 'vitest/config';

/** `npm run campaign`: what takes longer than a test run may, or needs other people's clients (installed apart, into bench/peers). */
export default defineConfig({
  test: {
    include: ['test/campaign/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    reporters: [['default', { summary: false }], './test/plain-summary-reporter.ts'],
  },
});
