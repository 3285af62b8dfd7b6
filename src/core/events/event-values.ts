import { z } from 'zod';

/** A number that is kept exactly: decimal text, negative ones with a minus. */
export const decimal = z.string().regex(/^-?\d+(\.\d+)?$/, 'decimal text');

/** A time, ms since 1970. */
export const epochMs = z.number().nonnegative();
