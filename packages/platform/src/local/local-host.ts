import type { Guard } from './guard.ts';
import type { ResourceControl } from './resources/enclosure.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { Toolchains } from './toolchains.ts';
import type { TreeAssembly } from './tree-assembly.ts';

/** What both halves of the local platform stand on. */
export interface LocalHost {
  readonly dataDir: string;
  /** Package managers' downloads. */
  readonly caches: string;
  readonly snapshots: SnapshotStore;
  readonly toolchains: Toolchains;
  readonly assembly: TreeAssembly;
  /** Variables of every command and instance: certificates and proxies, as the options give them. */
  readonly commandVariables: Readonly<Record<string, string>>;
  /** Found out once, on first use; a weaker one than wanted is announced. */
  guard(): Promise<Guard>;
  /** As `guard`. */
  resources(): Promise<ResourceControl>;
  announce(message: string): void;
}
