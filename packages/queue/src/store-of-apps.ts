import type {
  AppId,
  AppSettings,
  EnvironmentId,
  Release,
  ReleaseId,
  SealedVariable,
  VariableOwner,
  VariableVersion,
  VersionedSettings,
} from '@switchyard/domain';
import type { Lease } from './store.ts';

/** What an app's owner has decided, winning over `switchyard.json` and over what is detected. */
export interface SettingsRecords {
  /** All of one moment. Null where there is no such app. */
  get(id: AppId): Promise<VersionedSettings | null>;
  /**
   * Puts settings in place of those of `version`, and the replicas that they ask for into effect, in one step. Null where another
   * version holds by now: nothing was changed. Rejects with `app-not-found`.
   */
  replace(id: AppId, version: number, values: AppSettings): Promise<VersionedSettings | null>;
}

/** Variables of an environment, or of all previews of an app. Values come in and go out sealed: Redis never holds one in plain. */
export interface VariableRecords {
  /**
   * Sets variables, all in one step, under the next version; those that are there are replaced, others stay. Rejects with
   * `too-many-variables`, and `environment-not-found` when the app was deleted meanwhile.
   */
  set(owner: VariableOwner, variables: readonly Omit<SealedVariable, 'v' | 'version' | 'updatedAt'>[]): Promise<void>;
  /** Answers the names of those that were there. */
  remove(owner: VariableOwner, names: readonly string[]): Promise<string[]>;
  /** In the order of their names. Null where there is no such owner: after a loss of Redis, that is not the same as none. */
  readSealed(owner: VariableOwner): Promise<SealedVariable[] | null>;
  /** Changes over all names, newest first, as far back as they are kept. */
  versions(owner: VariableOwner): Promise<VariableVersion[]>;
}

export interface ReleaseRecords {
  /** Under the lease; the first one of a deployment wins and is answered. Null when the lease is lost. */
  put(lease: Lease, release: Release): Promise<Release | null>;
  get(id: ReleaseId): Promise<Release | null>;
  /** Of an environment, most recently live first; never-live ones last. */
  list(id: EnvironmentId): Promise<Release[]>;
  /** Answers whether it is gone: one that is pinned stays. */
  remove(id: ReleaseId): Promise<boolean>;
  /** Keeps a release whatever its age, or no longer. Rejects with `release-not-kept`, `too-many-pins`. */
  pin(id: ReleaseId, pinned: boolean): Promise<void>;
}
