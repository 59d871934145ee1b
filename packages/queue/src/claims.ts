import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { Claims } from './store.ts';

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
