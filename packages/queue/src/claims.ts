import type { HostId } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { Lease } from './store.ts';

/** Names a piece of work of which one attempt at a time is enough: a host and the name of the result. */
export type WorkName = `${HostId}:${string}`;

export type ClaimAnswer =
  | { readonly answer: 'ours' }
  | { readonly answer: 'lease-lost' }
  | { readonly answer: 'theirs'; readonly number: number };

/**
 * Who does a piece of work. A claim needs no keeping: it holds for as long as the lease of the attempt that made it, and is given back
 * by whichever script ends that lease, which also wakes the deployments that wait for it (`StepResult` of kind `awaits`).
 */
export interface Claims {
  /** `theirs`: the deployment of that number (of the same app) has it. Asking again for what is ours answers `ours`. */
  claim(lease: Lease, work: WorkName): Promise<ClaimAnswer>;
}

const Answer = z.union([
  z.tuple([z.literal('ours')]).transform(([answer]) => ({ answer })),
  z.tuple([z.literal('lease-lost')]).transform(([answer]) => ({ answer })),
  z.tuple([z.literal('theirs'), z.coerce.number()]).transform(([answer, number]) => ({ answer, number })),
]);

export function claimsOf({ run, clock }: StoreContext): Claims {
  return {
    async claim(lease, work) {
      return Answer.parse(await run('claim', clock(), lease.deploymentId, lease.token, work));
    },
  };
}
