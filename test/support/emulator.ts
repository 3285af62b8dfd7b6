import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Emulator, type EmulatorOptions, emulatorIsInstalled, startEmulator } from '#local/emulator.ts';

const available = emulatorIsInstalled() || (process.env.AWS_ENDPOINT_URL ?? '') !== '';

/**
 * A suite with an emulator of its own, started once and ended with it. Where the set-up has made none, the suite skips itself loudly;
 * with CI=true it fails.
 */
export function describeWithEmulator(
  name: string,
  suite: (emulator: () => Emulator) => void,
  options: EmulatorOptions = {},
): void {
  if (!available && process.env.CI === 'true') {
    describe(name, () => {
      it('has an emulator', () => {
        throw new Error('no emulator is installed: run `node local/bootstrap.mjs set-up`');
      });
    });
    return;
  }
  if (!available)
    process.stderr.write(`SKIPPED: ${name}: no emulator is installed; run \`node local/bootstrap.mjs set-up\`\n`);
  describe.skipIf(!available)(name, () => {
    let running: Emulator | null = null;
    beforeAll(async () => {
      running = await startEmulator({ name: `test-${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`, ...options });
    });
    afterAll(async () => {
      await running?.stop();
    });
    suite(() => {
      if (running === null) throw new Error('the emulator is there inside of tests and hooks only');
      return running;
    });
  });
}
