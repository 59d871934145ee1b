import { z } from 'zod';

/** The SSH host keys of a Git host as they were when the farm met it first. */
export const KnownHost = z.object({
  v: z.literal(1),
  /** As ssh names it: `git.example.org`, or `[git.example.org]:2222` where the port is not 22. */
  host: z.string().min(1).max(300),
  /** Lines as `known_hosts` files have them. */
  keys: z.array(z.string()).min(1),
  /** Milliseconds since the epoch. */
  metAt: z.int().nonnegative(),
});
export type KnownHost = z.infer<typeof KnownHost>;
