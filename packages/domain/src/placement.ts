import { z } from 'zod';
import { HostId } from './ids.ts';
import { STAGE_TRAITS, type StepName, stageOf } from './stages.ts';

/** Where something may be used: on any host, or only on the host that has its bytes. */
export const Placement = z
  .custom<'any' | `host:${HostId}`>(
    (value) =>
      value === 'any' ||
      (typeof value === 'string' && value.startsWith('host:') && HostId.safeParse(value.slice('host:'.length)).success),
    '`any` or `host:` and a host id',
  )
  .meta({ type: 'string', pattern: '^(any|host:host_[0-9A-Za-z]{6,40})$' });
export type Placement = z.infer<typeof Placement>;

export function onHost(hostId: HostId): Placement {
  return `host:${hostId}`;
}

export function hostOf(placement: Placement): HostId | null {
  return placement === 'any' ? null : HostId.parse(placement.slice('host:'.length));
}

/** Queues are by pool, or by host where the work is bound to one. BullMQ allows no colon in a queue's name. */
export type QueueName = 'light' | 'heavy' | `host-${string}`;

export function queueFor(step: StepName, placement: Placement): QueueName {
  const host = hostOf(placement);
  return host === null ? STAGE_TRAITS[stageOf(step)].pool : `host-${host}`;
}
