import type { AppId, KnownHost, SealedSourceCredential } from '@switchyard/domain';

/** How the private repositories of apps are opened. Secrets come in and go out sealed. */
export interface SourceCredentialRecords {
  /** Replaces the app's credential. Rejects with `app-not-found`. */
  set(id: AppId, credential: Omit<SealedSourceCredential, 'v' | 'setAt'>): Promise<SealedSourceCredential>;
  readSealed(id: AppId): Promise<SealedSourceCredential | null>;
  remove(id: AppId): Promise<boolean>;
}

export interface KnownHostRecords {
  read(host: string): Promise<KnownHost | null>;
  /** Keeps the keys of a host that is not known, and answers what counts: of two at once the first. Rejects with `too-many-known-hosts`. */
  keep(host: string, lines: readonly string[]): Promise<KnownHost>;
  list(): Promise<KnownHost[]>;
  forget(host: string): Promise<boolean>;
}
