import type { AppId, FarmLimits, FarmLimitsPatch, OwnLimits, OwnLimitsPatch, Team, TeamId } from '@switchyard/domain';

/** Who owns apps. Of tokens only their SHA-256 comes in here. */
export interface TeamRecords {
  /** `tokenHash` in hex. Rejects with `team-exists`, `too-many-teams`. */
  create(team: { name: string; tokenHash: string }): Promise<Team>;
  get(id: TeamId): Promise<Team | null>;
  /** By name or by id. The default team always exists. */
  find(nameOrId: string): Promise<Team | null>;
  /** In the order of their names. */
  list(): Promise<Team[]>;
  /** Rejects with `team-exists`, `team-not-found`. */
  rename(id: TeamId, name: string): Promise<void>;
  /** The token before it counts no more. Rejects with `team-not-found`. */
  renewToken(id: TeamId, tokenHash: string): Promise<void>;
  /** Rejects with `team-in-use` while it has apps (the default team: always), and with `team-not-found`. */
  remove(id: TeamId): Promise<void>;
  /** Whose token has this SHA-256; null where it is nobody's. */
  byToken(tokenHash: string): Promise<TeamId | null>;
  /** SHA-256 of the token that counts; null where there is none. */
  tokenHashOf(id: TeamId): Promise<string | null>;
}

/**
 * How much may be under way at once. A change holds from the next admission on: a higher limit admits at once, a lower one ends nothing.
 */
export interface LimitRecords {
  ofFarm(): Promise<FarmLimits>;
  setOfFarm(patch: FarmLimitsPatch): Promise<void>;
  /** Rejects with `team-not-found`. */
  setOfTeam(id: TeamId, patch: OwnLimitsPatch): Promise<void>;
  /** An app's own ones. */
  ofApp(id: AppId): Promise<OwnLimits>;
  /** Rejects with `app-not-found`. */
  setOfApp(id: AppId, patch: OwnLimitsPatch): Promise<void>;
}
