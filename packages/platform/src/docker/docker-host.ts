import type { Engine } from './engine.ts';
import type { FarmVolumes } from './farm-volumes.ts';
import type { Snapshots } from './images.ts';
import type { Owner } from './names.ts';
import type { Toolchains } from './toolchains.ts';

/** What both halves of the docker platform stand on. */
export interface DockerHost {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly volumes: FarmVolumes;
  readonly snapshots: Snapshots;
  readonly toolchains: Toolchains;
  /** The network that instances join; null: the engine's default bridge. */
  readonly network: string | null;
  /** Variables of every command and instance: certificates and proxies, as the options give them. */
  commandVariables(): Promise<Readonly<Record<string, string>>>;
}
