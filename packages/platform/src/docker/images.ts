import { type HostId, onHost, SnapshotRef, SwitchyardError } from '@switchyard/domain';
import type { Container, ImageInspectInfo } from 'dockerode';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { asReadable, type Engine, readAll, unlessMissing } from './engine.ts';
import { isConflict, isMissing, unlessGone } from './engine-errors.ts';
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
  /** Keeps a container's files. First wins. */
  commit(
    key: string,
    container: Container,
    what: { labels: Readonly<Record<string, string>>; changes: readonly string[] },
  ): Promise<SnapshotRef>;
  /** Keeps an archive of `/` as a bare tree. First wins. */
  import(key: string, archive: Readable): Promise<SnapshotRef>;
  list(): Promise<{ key: string; lastUsedAt: number }[]>;
  remove(key: string): Promise<void>;
}

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

  async function publish(key: string, id: string): Promise<SnapshotRef> {
    if ((await use(key)) === null) await engine.getImage(id).tag({ repo, tag: key });
    await removeLosers(key);
    return ref(key);
  }

  /** Between two that publish at once the tag may move; what has none then is nobody's. */
  async function removeLosers(key: string): Promise<void> {
    const filters = { dangling: ['true'], label: [`${LABEL.farm}=${farmId}`, `${LABEL.snapshot}=${key}`] };
    for (const { Id } of await engine.listImages({ filters })) await unlessGone(engine.getImage(Id).remove());
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
    async commit(key, container, { labels, changes }) {
      Key.parse(key);
      const all = [...labelChanges({ ...labels, ...labelsOf(key) }), ...changes];
      const { Id } = z.object({ Id: z.string() }).parse(await container.commit({ changes: all }));
      return await publish(key, Id);
    },
    async import(key, archive) {
      Key.parse(key);
      const answer = await engine.importImage(archive, { changes: labelChanges(labelsOf(key)) });
      const lines = (await readAll(asReadable(answer))).toString('utf8').trim().split('\n');
      return await publish(key, importedId(lines));
    },
    async list() {
      const images = await engine.listImages({
        filters: { reference: [`${repo}:*`], label: [`${LABEL.farm}=${farmId}`] },
      });
      const keys = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(`${repo}:`));
      const found = await Promise.all(
        keys.map(async (tag) => {
          const image = await unlessMissing(engine.getImage(tag).inspect());
          return image === null ? [] : [{ key: tag.slice(repo.length + 1), lastUsedAt: lastUse(image) }];
        }),
      );
      return found.flat();
    },
    async remove(key) {
      try {
        await engine.getImage(tagOf(key)).remove();
      } catch (error) {
        // A container stands on it: it stays until that is gone, and is found again by `list`.
        if (!isMissing(error) && !isConflict(error)) throw error;
      }
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
