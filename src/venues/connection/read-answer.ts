import type { z } from 'zod';
import { VenueError } from '#core/orders/venue-error.ts';

/** Reads what a venue answered to a question by its schema. Throws `ANSWER_INVALID` (class `retry`) for an answer of another shape. */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  throw new VenueError('retry', 'ANSWER_INVALID', `${what} ${where}`);
}
