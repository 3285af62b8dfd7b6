import type { FaultRow } from './fault-row.ts';
import { REPORTED_FAULTS } from './reported-faults.ts';
import { REQUIRED_FAULTS } from './required-faults.ts';

/** Every row of the list of faults, and where it is shown. */
export const FAULT_TABLE: readonly FaultRow[] = [...REPORTED_FAULTS, ...REQUIRED_FAULTS];
