import type { AppId, CacheResult, Deployment, SnapshotRef } from '@switchyard/domain';
import type { WorkerPlatform } from '@switchyard/platform';
import type { Blobs } from '@switchyard/service';
import { z } from 'zod';
import { type Inputs, type KeyPrefix, snapshotKey, whyMissed } from './cache-key.ts';

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
  readonly key: string;
  /** null: the work has to be done. */
  readonly found: SnapshotRef | null;
  readonly cache: CacheResult;
  /** To be called when the result is there. */
  remember(): Promise<void>;
}

/**
 * Looks for the result of a stage. The app is part of every name: what one app made is never given to another. What was made from a foreign
 * commit is given to deployments of the same ref alone: these read what the app's own commits made, and never write it.
 */
export async function lookUp(options: {
  platform: Pick<WorkerPlatform, 'find'>;
  blobs: Blobs;
  deployment: Deployment;
  stage: CachedStage;
  prefix: KeyPrefix;
  inputs: Inputs;
}): Promise<LookUp> {
  const { platform, blobs, deployment, stage, prefix } = options;
  const last = await lastRecord(blobs, deployment.appId, stage);
  const isFresh = wantsFresh(deployment, stage);
  const generation = isFresh ? deployment.id : (last?.generation ?? FIRST_GENERATION);
  const shared: Inputs = { ...options.inputs, app: deployment.appId, [GENERATION]: generation };
  const isForeign = deployment.commit?.isForeign === true;
  const own: Inputs = isForeign ? { ...shared, [TRUST]: deployment.ref ?? deployment.id } : shared;
  const sharedKey = snapshotKey(prefix, shared);
  const ownKey = snapshotKey(prefix, own);
  const inShared = await platform.find(sharedKey);
  const found = inShared ?? (isForeign ? await platform.find(ownKey) : null);
  const key = inShared === null ? ownKey : sharedKey;
  const because = isFresh
    ? `fresh work was asked for (reuse: ${deployment.reuse})`
    : whyMissed(last?.inputs ?? null, own);
  return {
    key,
    found,
    cache: { result: found === null ? 'miss' : 'hit', key, because: found === null ? because : null },
    async remember() {
      if (isForeign || last?.key === key) return;
      const record: CacheRecord = { v: 1, key, inputs: shared, generation };
      await blobs.put(blobKey(deployment.appId, stage), Buffer.from(JSON.stringify(record)));
    },
  };
}
