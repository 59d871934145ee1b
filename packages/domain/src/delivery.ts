import { z } from 'zod';
import { DeploymentId } from './ids.ts';

/** A forge whose webhooks are understood. */
export const Provider = z.enum(['github', 'gitlab', 'gitea']);
export type Provider = z.infer<typeof Provider>;

/** Why a delivery deployed nothing. */
export const DeliveryCause = z
  .enum([
    'ping',
    'other-event',
    'no-repository',
    'other-branch',
    'tag',
    'branch-deleted',
    'duplicate',
    'already-deployed',
    'stale',
    'held',
    'too-many-deployments',
  ])
  .meta({ id: 'DeliveryCause' });
export type DeliveryCause = z.infer<typeof DeliveryCause>;

/** A signed webhook delivery and what became of it. Of its payload nothing else is kept. */
export const Delivery = z.object({
  v: z.literal(1),
  /** The provider's own id; null where it sent none. */
  id: z.string().nullable(),
  provider: Provider,
  /** The event as the provider calls it. */
  event: z.string(),
  /** As pushed: `refs/heads/main`; null where the event names none. */
  ref: z.string().nullable(),
  sha: z.string().nullable(),
  /** Milliseconds since the epoch. */
  at: z.int().nonnegative(),
  /** `refused`: it would have deployed, but too many deployments have not ended. */
  verdict: z.enum(['accepted', 'ignored', 'refused']),
  /** null when it was accepted. */
  cause: DeliveryCause.nullable(),
  /** The deployment that it set off, or that made it needless. */
  deploymentId: DeploymentId.nullable(),
  /** For people; null when it was accepted. */
  reason: z.string().nullable(),
});
export type Delivery = z.infer<typeof Delivery>;
