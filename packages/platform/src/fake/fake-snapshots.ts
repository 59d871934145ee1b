import { type Clock, type HostId, onHost, SnapshotRef, SwitchyardError } from '@switchyard/domain';

export interface FakeSnapshot {
  readonly ref: SnapshotRef;
  /** Says what is in it: two different contents under one name are a mistake of whoever named them. */
  readonly content: string;
  readonly paths: ReadonlySet<string>;
  lastUsedAt: number;
}

export interface FakeSnapshots {
  publish(key: string, content: string, paths: Iterable<string>): SnapshotRef;
  find(key: string): SnapshotRef | null;
  /** Rejects with `snapshot-missing`. */
  require(ref: SnapshotRef): FakeSnapshot;
  list(): { key: string; lastUsedAt: number; bytes: number }[];
  remove(key: string): void;
}

export function openFakeSnapshots(hostId: HostId, clock: Clock): FakeSnapshots {
  const all = new Map<string, FakeSnapshot>();
  return {
    publish(key, content, paths) {
      const known = all.get(key);
      if (known !== undefined && known.content !== content) {
        throw new Error(`${key} was published with other content: ${known.content}, now ${content}`);
      }
      const ref = SnapshotRef.parse({ key, placement: onHost(hostId) });
      if (known === undefined) all.set(key, { ref, content, paths: new Set(paths), lastUsedAt: clock() });
      return ref;
    },
    find(key) {
      const known = all.get(SnapshotRef.shape.key.parse(key));
      if (known === undefined) return null;
      known.lastUsedAt = clock();
      return known.ref;
    },
    require(ref) {
      const known = all.get(ref.key);
      if (known === undefined)
        throw new SwitchyardError('snapshot-missing', `The file tree ${ref.key} is not on this host.`, {
          key: ref.key,
        });
      if (ref.placement !== 'any' && ref.placement !== known.ref.placement) {
        throw new Error(`${ref.key} was asked for with placement ${ref.placement}; it is on ${known.ref.placement}`);
      }
      known.lastUsedAt = clock();
      return known;
    },
    list: () => [...all].map(([key, { lastUsedAt }]) => ({ key, lastUsedAt, bytes: 0 })),
    remove(key) {
      all.delete(key);
    },
  };
}
