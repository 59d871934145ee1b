import { z } from 'zod';
import { ERRORS, type ErrorCode, type SwitchyardError } from './errors.ts';

/** An RFC 9457 problem document, with the catalogue's code and the fault beside the standard members. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().optional(),
    code: z.string(),
    fault: z.enum(['user', 'platform', 'transient']),
    /** Which fields of the input are wrong, and how. */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export function problemType(code: ErrorCode): string {
  return `urn:switchyard:error:${code}`;
}

export function problemOf(error: SwitchyardError, instance: string): Problem {
  const { status, title, fault } = ERRORS[error.code];
  const fields = z.array(z.object({ path: z.string(), message: z.string() })).safeParse(error.details['errors']);
  return {
    type: problemType(error.code),
    title,
    status,
    detail: error.message,
    instance,
    code: error.code,
    fault,
    ...(fields.success ? { errors: fields.data } : {}),
  };
}
