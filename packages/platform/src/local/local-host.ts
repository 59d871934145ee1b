import type { AppId } from '@switchyard/domain';
import type { DownloadScope, InstanceSpec } from '../platform.ts';
import type { AppUser } from './app-user.ts';
import type { DownloadPlace } from './home-directory.ts';
import type { LayerStore } from './layers.ts';
import type { Shown } from './private-root.ts';
import type { ResourceControl } from './resources/enclosure.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { Toolchains } from './toolchains.ts';
import type { TreeAssembly } from './tree-assembly.ts';

/** Of an instance or one-off: whose directories are kept, and which. */
export type StartedFrom = Pick<InstanceSpec, 'environmentId' | 'root' | 'persist'>;

/** What both halves of the local platform stand on. */
export interface LocalHost {
  readonly dataDir: string;
  readonly layers: LayerStore;
  readonly snapshots: SnapshotStore;
  readonly toolchains: Toolchains;
  /** Variables of every command and instance: certificates and proxies, as the options give them. */
  readonly commandVariables: Readonly<Record<string, string>>;
  /** Found out once, on first use; a weaker one than wanted is announced. */
  assembly(): Promise<TreeAssembly>;
  /** As `assembly`. */
  resources(): Promise<ResourceControl>;
  /** Who an app's processes run as; null: as this process. */
  userOf(app: AppId): Promise<AppUser | null>;
  /** The directory of package managers' downloads for a run. */
  openDownloads(scope: DownloadScope, place: DownloadPlace): Promise<string>;
  /** What a command sees of the data directory. */
  shown(places: { home: string; temporary: string; caches: string | null }): Shown[];
  /** Makes what an environment keeps; answers the host's directories by their path in the tree. */
  persisted(spec: StartedFrom, user: AppUser | null): Promise<Record<string, string>>;
  /** Whether a stack of trees, lowest first, shows a path. */
  isInStack(trees: readonly string[], path: string): Promise<boolean>;
  announce(message: string): void;
}
