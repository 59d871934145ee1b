import type { AppId, CacheResult, Deployment, SnapshotRef } from '@switchyard/domain';
import type { WorkerPlatform } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Blobs } from '@switchyard/service';
import { z } from 'zod';
import { type Inputs, type KeyPrefix, snapshotKey, whyMissed } from './cache-key.ts';
import { StageStop } from './stage-stop.ts';
import type { StageContext, StageOutcome } from './stages/stage.ts';
import { insist } from './waiting.ts';

/**
 * What an app's last install or build was made from, so that a miss can say what changed, and which results are still of use. A
 * deployment that asks for fresh work opens a new generation: later ones reuse its result and not an older one.
 */
const CacheRecord = z.object({
  v: z.literal(1),
  key: z.string(),
  inputs: z.record(z.string(), z.string().nullable()),
  generation: z.string(),
});
type CacheRecord = z.infer<typeof CacheRecord>;

export type CachedStage = 'install' | 'build';

const FIRST_GENERATION = 'first';
const GENERATION = 'fresh work asked for';
const TRUST = 'the foreign ref';

const blobKey = (appId: AppId, stage: CachedStage): string => `cache-inputs/${appId}/${stage}.json`;

async function lastRecord(blobs: Blobs, appId: AppId, stage: CachedStage): Promise<CacheRecord | null> {
  const bytes = await blobs.get(blobKey(appId, stage));
  if (bytes === null) return null;
  const parsed = CacheRecord.safeParse(JSON.parse(bytes.toString('utf8')));
  return parsed.success ? parsed.data : null;
}

/** Names of the results that the app's next deployment would look for. */
export async function recentCacheKeys(blobs: Blobs, appId: AppId): Promise<string[]> {
  const records = await Promise.all([lastRecord(blobs, appId, 'install'), lastRecord(blobs, appId, 'build')]);
  return records.flatMap((record) => record?.key ?? []);
}

function wantsFresh(deployment: Deployment, stage: CachedStage): boolean {
  return deployment.reuse === 'none' || (deployment.reuse === 'dependencies' && stage === 'build');
}

export interface LookUp {
  readonly kind: 'looked-up';
  readonly key: string;
  /** Of the app's last result, which may not be kept any more. */
  readonly lastKey: string | null;
  /** null: the work has to be done, and is claimed. */
  readonly found: SnapshotRef | null;
  /** Why the result is at hand, for a log; null where it is not. */
  readonly reused: string | null;
  readonly cache: CacheResult;
  /** To be called when the result is there. */
  remember(): Promise<void>;
}

export type CacheContext = Pick<StageContext, 'deployment' | 'lease' | 'hostId' | 'leave'> & {
  readonly platform: Pick<WorkerPlatform, 'find'>;
  readonly blobs: Blobs;
  readonly records: Pick<Store, 'claims'>;
};

type Awaits = Extract<StageOutcome, { kind: 'awaits' }>;

const sameWork = (number: number, stage: CachedStage): string => `#${number}’s ${stage} of the same inputs`;

/** Whose result the stage's attempts before this one have waited for. */
function waitedFor({ stages }: Deployment, stage: CachedStage): number | null {
  const attempts = stages.find(({ name }) => name === stage)?.attempts ?? [];
  return attempts.findLast(({ result }) => result === 'waited')?.waitedFor ?? null;
}

/** Takes the work on, unless somebody is at it on this host: then the deployment waits, and holds no worker meanwhile. */
async function claimOrAwait(context: CacheContext, key: string, stage: CachedStage): Promise<Awaits | null> {
  const { records, lease, hostId, leave } = context;
  const work = `${hostId}:${key}` as const;
  const claim = await insist(leave, () => records.claims.claim(lease, work));
  if (claim.answer === 'lease-lost') throw new StageStop('lost');
  if (claim.answer === 'ours') return null;
  return { kind: 'awaits', work, number: claim.number, note: `Waits for ${sameWork(claim.number, stage)}.` };
}

async function firstFound(
  platform: Pick<WorkerPlatform, 'find'>,
  keys: readonly string[],
): Promise<SnapshotRef | null> {
  for (const key of new Set(keys)) {
    const found = await platform.find(key);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Looks for the result of a stage and, where there is none, claims the work. The app is part of every name: what one app made is never
 * given to another. Fresh work has a name of its own: it neither waits for others nor lets them wait. What was made from a foreign commit is
 * given to deployments of the same ref alone: these read what the app's own commits made, and never write it.
 */
export async function lookUp(
  context: CacheContext,
  options: { stage: CachedStage; prefix: KeyPrefix; inputs: Inputs },
): Promise<LookUp | Awaits> {
  const { platform, blobs, deployment } = context;
  const { stage, prefix } = options;
  const last = await lastRecord(blobs, deployment.appId, stage);
  const isFresh = wantsFresh(deployment, stage);
  const generation = isFresh ? deployment.id : (last?.generation ?? FIRST_GENERATION);
  const shared: Inputs = { ...options.inputs, app: deployment.appId, [GENERATION]: generation };
  const isForeign = deployment.commit?.isForeign === true;
  const own: Inputs = isForeign ? { ...shared, [TRUST]: deployment.ref ?? deployment.id } : shared;
  const ownKey = snapshotKey(prefix, own);
  const look = async () => await firstFound(platform, [snapshotKey(prefix, shared), ownKey]);
  let found = await look();
  if (found === null) {
    const awaits = await claimOrAwait(context, ownKey, stage);
    if (awaits !== null) return awaits;
    // Whoever had the claim may have published between the look and the claim.
    found = await look();
  }
  const key = found?.key ?? ownKey;
  const waited = waitedFor(deployment, stage);
  const wait = waited === null ? null : `waited for ${sameWork(waited, stage)}`;
  const because = isFresh
    ? `fresh work was asked for (reuse: ${deployment.reuse})`
    : whyMissed(last?.inputs ?? null, own);
  return {
    kind: 'looked-up',
    key,
    lastKey: last?.key ?? null,
    found,
    reused: found === null ? null : (wait ?? 'nothing that it depends on has changed'),
    cache: { result: found === null ? 'miss' : 'hit', key, because: found === null ? because : wait },
    async remember() {
      if (isForeign || last?.key === key) return;
      const record: CacheRecord = { v: 1, key, inputs: shared, generation };
      await blobs.put(blobKey(deployment.appId, stage), Buffer.from(JSON.stringify(record)));
    },
  };
}
