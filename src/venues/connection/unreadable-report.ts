import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';

/** Why a frame of an account stream cannot be read, without its content; null for an error that is none of the frame's. */
export function unreadableReason(error: unknown, frame: Buffer): string | null {
  if (error instanceof MillraceError) return error.message;
  if (error instanceof SyntaxError) return `REPORT_INVALID: bytes=${frame.length} no JSON`;
  if (!(error instanceof z.ZodError)) return null;
  const issue = error.issues[0];
  return `REPORT_INVALID: bytes=${frame.length} at=${issue?.path.join('.')} ${issue?.message}`;
}
