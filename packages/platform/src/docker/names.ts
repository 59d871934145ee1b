import { createHash } from 'node:crypto';
import type { AttemptRef } from '../platform.ts';

const PREFIX = 'dev.switchyard';

/** Labels of containers, images and volumes. An image's labels are inherited by its containers, so every container sets `role` anew. */
export const LABEL = {
  farm: `${PREFIX}.farm`,
  epoch: `${PREFIX}.epoch`,
  role: `${PREFIX}.role`,
  deployment: `${PREFIX}.deployment`,
  stage: `${PREFIX}.stage`,
  token: `${PREFIX}.token`,
  /** Id of an instance or one-off. */
  process: `${PREFIX}.process`,
  port: `${PREFIX}.port`,
  timeLimitMs: `${PREFIX}.time-limit-ms`,
  /** Id of the image on whose layers a snapshot's tree lies; a snapshot without one is a bare tree. */
  base: `${PREFIX}.base`,
  /** PATH of commands that run on a snapshot. */
  path: `${PREFIX}.path`,
  snapshot: `${PREFIX}.snapshot`,
} as const;

/**
 * `stage`: a stage's commands run in it. `view`: made to read or write an image's files, never started. `tool`: fetches a toolchain.
 */
export type ContainerRole = 'stage' | 'view' | 'tool' | 'instance' | 'one-off';

/** Where things are in every container. */
export const PLACES = {
  tree: '/app',
  home: '/home/node',
  temporary: '/tmp',
  /** A volume per farm: package managers, certificates. Read-only but for the container that fetches. */
  tools: '/opt/switchyard',
  /** A volume per team, and one of the farm's own: package managers' downloads. */
  caches: '/var/cache/switchyard',
} as const;

/** Who commands and instances run as, and who owns the tree: `node` in the base images. */
export const USER_ID = 1000;
export const USER = `${USER_ID}:${USER_ID}`;

/**
 * A farm's name as a component of an image's name: lower case, and no separator at either end or twice in a row. Two farms whose ids
 * differ in case alone would meet, so something of the exact id is added.
 */
export function farmName(farmId: string): string {
  const legal = farmId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (legal === farmId) return legal;
  return `${legal}-${createHash('sha256').update(farmId).digest('hex').slice(0, 6)}`;
}

export const snapshotRepository = (farmId: string): string => `switchyard-${farmName(farmId)}/snapshot`;
export const toolsVolume = (farmId: string): string => `switchyard-${farmName(farmId)}-tools`;
export const cachesVolume = (farmId: string): string => `switchyard-${farmName(farmId)}-caches`;
export const teamCachesVolume = (farmId: string, teamId: string): string =>
  `switchyard-${farmName(farmId)}-caches-${teamId}`;
export const processContainer = (farmId: string, id: string): string => `switchyard-${farmName(farmId)}-${id}`;

export interface Owner {
  readonly farmId: string;
  readonly epoch: number;
}

export function ownerLabels(owner: Owner, role: ContainerRole): Record<string, string> {
  return { [LABEL.farm]: owner.farmId, [LABEL.epoch]: String(owner.epoch), [LABEL.role]: role };
}

/** Empty where there is no attempt, so that an image's own are not inherited. */
export function attemptLabels(attempt: AttemptRef | null): Record<string, string> {
  return {
    [LABEL.deployment]: attempt?.deploymentId ?? '',
    [LABEL.stage]: attempt?.stage ?? '',
    [LABEL.token]: attempt === null ? '' : String(attempt.token),
  };
}
