import type { EnvironmentInput } from './environment-configuration.ts';

/** What every environment starts from; each environment's file says what it does differently. */
export const ENVIRONMENT_DEFAULTS = {
  lease: { durationMs: 4_000, renewEveryMs: 1_000, fenceMarginMs: 500 },
  mappings: {
    enabled: true,
    consumers: {
      distribute: { batchSize: 500, batchingWindowSeconds: 1, retryAttempts: 5, maximumRecordAgeMinutes: 15 },
      archive: { batchSize: 1_000, batchingWindowSeconds: 5, retryAttempts: 5, maximumRecordAgeMinutes: 360 },
      // A trading record may hold 32 events: even a backlog of full ones is through within half of a function's time.
      persist: { batchSize: 100, batchingWindowSeconds: 0, retryAttempts: 5, maximumRecordAgeMinutes: 15 },
      confirm: { batchSize: 50, batchingWindowSeconds: 0, retryAttempts: 5, maximumRecordAgeMinutes: 15 },
      alert: { batchSize: 100, batchingWindowSeconds: 1, retryAttempts: 5, maximumRecordAgeMinutes: 15 },
    },
  },
  functions: {
    distribute: { memoryMb: 1024, timeoutSeconds: 60 },
    archive: { memoryMb: 1024, timeoutSeconds: 120 },
    persist: { memoryMb: 512, timeoutSeconds: 60 },
    confirm: { memoryMb: 512, timeoutSeconds: 60 },
    alert: { memoryMb: 256, timeoutSeconds: 30 },
    command: { memoryMb: 256, timeoutSeconds: 30 },
    'confirm-step': { memoryMb: 512, timeoutSeconds: 60 },
    redrive: { memoryMb: 512, timeoutSeconds: 300 },
    // Two looks at everything that differs, 15 s apart.
    reconcile: { memoryMb: 1024, timeoutSeconds: 240 },
    // It watches for 80 s of each minute: two overlap, so that no standstill falls between.
    'dead-man': { memoryMb: 256, timeoutSeconds: 120 },
    'dead-man-step': { memoryMb: 256, timeoutSeconds: 55 },
    'alarm-stop': { memoryMb: 256, timeoutSeconds: 30 },
  },
  confirmation: { awaitSeconds: 60, drill: 0 },
  // An engine that fell silent may come back: that it trades again is for people to say.
  emergencyStop: {
    alerts: { DEAD_MAN_ACTED: 'stop', DEAD_MAN_FAILED: 'stop' },
    alarms: ['DeadManExecutionsFailed', 'DeadManExecutionsTimedOut'],
    alarmWish: 'stop',
  },
  engineRegions: [],
  venueEndpoints: null,
} as const satisfies Partial<EnvironmentInput>;

/** Engine settings shared by the environments on AWS. */
export const ENGINE_ON_AWS = {
  taskCount: 2,
  spreadOver: 1,
  cpu: 1024,
  memoryMb: 2048,
  architecture: 'ARM64',
  image: { kind: 'build' },
  httpPort: 8080,
  stopTimeoutSeconds: 120,
  scratchGiB: 21,
} as const satisfies EnvironmentInput['engine'];

/** Thresholds shared by the environments on AWS. */
export const ALARMS_ON_AWS = {
  iteratorAgeSeconds: { distribute: 120, archive: 1_800, persist: 60, confirm: 60, alert: 60 },
  throttledWritesPerMinute: 1,
  functionErrorsPer5Minutes: 1,
  engineAbsentMinutes: 2,
  entriesBlockedMinutes: 1,
  feedDownMinutes: 5,
  publishLagSeconds: 10,
} as const satisfies Omit<NonNullable<EnvironmentInput['alarms']>, 'email'>;
