import type { Readable } from 'node:stream';
import { type HostId, onHost, SnapshotRef, SwitchyardError } from '@switchyard/domain';
import type { Container, ImageInfo, ImageInspectInfo } from 'dockerode';
import { z } from 'zod';
import { asReadable, type Engine, readAll, unlessMissing } from './engine.ts';
import { isMissing, unlessGone } from './engine-errors.ts';
import { labelChanges } from './image-changes.ts';
import { LABEL, snapshotRepository } from './names.ts';

export interface SnapshotImage {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bytes: number;
}

/**
 * Snapshots are images, tagged by their key; a tag is set when the image is whole, so one that is there is whole. When a tag was set last
 * is kept by the engine, and a use sets it again: that is `lastUsedAt`, for every process that uses the engine.
 */
export interface Snapshots {
  find(key: string): Promise<SnapshotRef | null>;
  /** Rejects with `snapshot-missing`. Counts as a use. */
  open(snapshot: SnapshotRef): Promise<SnapshotImage>;
  /** Keeps a container's files. First wins. Aborted meanwhile, it keeps nothing and throws. */
  commit(
    key: string,
    container: Container,
    what: { labels: Readonly<Record<string, string>>; changes: readonly string[]; signal: AbortSignal },
  ): Promise<SnapshotRef>;
  /** Keeps an archive of `/` as a bare tree. First wins. */
  import(key: string, archive: Readable): Promise<SnapshotRef>;
  /** The engine does not say what an image alone takes: `bytes` is 0, the least that its removal frees. */
  list(): Promise<{ key: string; lastUsedAt: number; bytes: number }[]>;
  remove(key: string): Promise<void>;
}

/** Between an image's commit and its tag nobody may take it for a leftover. */
const UNTAGGED_AGE_MS = 60_000;
const LISTING_TRIES = 5;

const Key = SnapshotRef.shape.key;
const Imported = z.object({ status: z.string() });
// Not in the engine's answers of every store; then when it was made has to do.
const Tagged = z.object({ Metadata: z.object({ LastTagTime: z.iso.datetime({ offset: true }) }) });

function lastUse(image: ImageInspectInfo): number {
  const tagged = Tagged.safeParse(image);
  const at = tagged.success ? Date.parse(tagged.data.Metadata.LastTagTime) : 0;
  return at > 0 ? at : Date.parse(image.Created);
}

export function openSnapshots(engine: Engine, farmId: string, hostId: HostId): Snapshots {
  const repo = snapshotRepository(farmId);
  const tagOf = (key: string) => `${repo}:${Key.parse(key)}`;
  const ref = (key: string): SnapshotRef => ({ key, placement: onHost(hostId) });
  const labelsOf = (key: string) => ({ [LABEL.farm]: farmId, [LABEL.role]: 'snapshot', [LABEL.snapshot]: key });

  async function use(key: string): Promise<ImageInspectInfo | null> {
    const image = await unlessMissing(engine.getImage(tagOf(key)).inspect());
    if (image === null) return null;
    try {
      await engine.getImage(image.Id).tag({ repo, tag: key });
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    return image;
  }

  /** A listing fails when an image goes meanwhile. */
  async function listImages(filters: Readonly<Record<string, readonly string[]>>): Promise<ImageInfo[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await engine.listImages({ filters: JSON.stringify(filters) });
      } catch (error) {
        if (tries >= LISTING_TRIES || !isMissing(error)) throw error;
      }
    }
  }

  /** First wins: the tag of another is used and set anew, never moved. Between two that look at once it may move all the same. */
  async function publish(key: string, id: string): Promise<SnapshotRef> {
    if ((await use(key)) === null) {
      try {
        await engine.getImage(id).tag({ repo, tag: key });
      } catch (error) {
        // The winner has taken ours for what it is: without a tag, nobody's.
        if (!isMissing(error) || (await use(key)) === null) throw error;
      }
    }
    await removeUntagged([`${LABEL.snapshot}=${key}`], 0);
    return ref(key);
  }

  /** An image that lost its race, or whose tag was removed while a container stood on it. */
  async function removeUntagged(label: readonly string[], minimumAgeMs: number): Promise<void> {
    const filters = { dangling: ['true'], label: [`${LABEL.farm}=${farmId}`, `${LABEL.role}=snapshot`, ...label] };
    const before = (Date.now() - minimumAgeMs) / 1000;
    for (const { Id, Created } of await listImages(filters)) {
      if (Created <= before) await unlessGone(engine.getImage(Id).remove());
    }
  }

  return {
    async find(key) {
      return (await use(key)) === null ? null : ref(key);
    },
    async open(snapshot) {
      const image = await use(snapshot.key);
      if (image !== null) return { id: image.Id, labels: image.Config.Labels ?? {}, bytes: image.Size };
      throw new SwitchyardError(
        'snapshot-missing',
        `The file tree ${snapshot.key} is not in this host’s engine any more. Deploy again to make it anew.`,
        { key: snapshot.key, placement: snapshot.placement },
      );
    },
    async commit(key, container, { labels, changes, signal }) {
      Key.parse(key);
      const all = [...labelChanges({ ...labels, ...labelsOf(key) }), ...changes];
      const { Id } = z.object({ Id: z.string() }).parse(await container.commit({ changes: all }));
      if (signal.aborted) await unlessGone(engine.getImage(Id).remove());
      signal.throwIfAborted();
      return await publish(key, Id);
    },
    async import(key, archive) {
      Key.parse(key);
      const answer = await engine.importImage(archive, { changes: labelChanges(labelsOf(key)) });
      const lines = (await readAll(asReadable(answer))).toString('utf8').trim().split('\n');
      return await publish(key, importedId(lines));
    },
    async list() {
      const images = await listImages({ reference: [`${repo}:*`], label: [`${LABEL.farm}=${farmId}`] });
      const keys = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(`${repo}:`));
      const found = await Promise.all(
        keys.map(async (tag) => {
          const image = await unlessMissing(engine.getImage(tag).inspect());
          return image === null ? [] : [{ key: tag.slice(repo.length + 1), lastUsedAt: lastUse(image), bytes: 0 }];
        }),
      );
      return found.flat();
    },
    async remove(key) {
      try {
        // By force: where a container stands on it the name goes now and the rest with a later removal.
        await engine.getImage(tagOf(key)).remove({ force: true });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      await removeUntagged([], UNTAGGED_AGE_MS);
    },
  };
}

/** The engine answers lines of progress; the last one's status is the image's id, or it is an error. */
function importedId(lines: readonly string[]): string {
  const last: unknown = JSON.parse(lines.at(-1) ?? '{}');
  const failed = z.object({ error: z.string() }).safeParse(last);
  if (failed.success) throw Object.assign(new Error(failed.data.error), { statusCode: 500 });
  return Imported.parse(last).status;
}
