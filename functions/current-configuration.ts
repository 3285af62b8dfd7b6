import type { SSMClient } from '@aws-sdk/client-ssm';
import { createConfigurationSource } from '#aws/configuration-source.ts';
import type { LoadedConfiguration } from '#core/config/runtime-configuration.ts';
import { systemTimers } from '#core/time/system-clock.ts';

/** The runtime configuration as it is now: nobody watches it between two invocations. Throws as the source's first reading does. */
export async function readCurrentConfiguration(ssm: SSMClient, location: string): Promise<LoadedConfiguration> {
  const source = createConfigurationSource({ location, ssm, timers: systemTimers });
  try {
    return await source.start();
  } finally {
    source.stop();
  }
}
