import type { Domain, EnvironmentId } from '@switchyard/domain';

/** Hosts of apps beside those that the farm gives them. */
export interface DomainRecords {
  /**
   * Claims a host; answers the claim that holds, which may be an earlier one of this environment. Rejects with `host-taken`,
   * `too-many-domains`, `environment-not-found`.
   */
  add(claim: Pick<Domain, 'host' | 'teamId' | 'appId' | 'environmentId' | 'token'>): Promise<Domain>;
  /** By name. */
  list(id: EnvironmentId): Promise<Domain[]>;
  /** Of this environment; null where it has none of that name. */
  get(id: EnvironmentId, host: string): Promise<Domain | null>;
  /** The token was found: the host is served from now on. False: the claim is gone, or another one. */
  serve(id: EnvironmentId, host: string, token: string): Promise<boolean>;
  /** Frees it, and it is not served any more. Answers whether it was there. */
  remove(id: EnvironmentId, host: string): Promise<boolean>;
  /** Whether a verified host is served for an app. */
  isServed(host: string): Promise<boolean>;
}
