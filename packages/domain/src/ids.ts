import { z } from 'zod';

/**
 * Ids are opaque: a prefix that names the kind, an underscore, and letters and digits that anything else may hold safely
 * (keys, paths, container labels, BullMQ job ids). Nothing reads meaning out of one.
 */
const id = <const Prefix extends string>(prefix: Prefix) => {
  const pattern = `^${prefix}_[0-9A-Za-z]{6,40}$`;
  const shape = new RegExp(pattern);
  return (
    z
      .custom<`${Prefix}_${string}`>(
        (value) => typeof value === 'string' && shape.test(value),
        `an id of the form ${prefix}_…`,
      )
      // What OpenAPI and JSON Schema can't see in a function.
      .meta({ type: 'string', pattern })
  );
};

export const FarmId = id('farm');
export const TeamId = id('team');
export const AppId = id('app');
export const EnvironmentId = id('env');
export const DeploymentId = id('dep');
export const ReleaseId = id('rel');
export const InstanceId = id('ins');
export const RouteId = id('route');
export const HostId = id('host');
export const ProcessId = id('proc');
export const OneOffId = id('run');
export const UploadId = id('upl');

export type FarmId = z.infer<typeof FarmId>;
export type TeamId = z.infer<typeof TeamId>;
export type AppId = z.infer<typeof AppId>;
export type EnvironmentId = z.infer<typeof EnvironmentId>;
export type DeploymentId = z.infer<typeof DeploymentId>;
export type ReleaseId = z.infer<typeof ReleaseId>;
export type InstanceId = z.infer<typeof InstanceId>;
export type RouteId = z.infer<typeof RouteId>;
export type HostId = z.infer<typeof HostId>;
export type ProcessId = z.infer<typeof ProcessId>;
export type OneOffId = z.infer<typeof OneOffId>;
export type UploadId = z.infer<typeof UploadId>;

export type IdPrefix =
  | 'farm'
  | 'team'
  | 'app'
  | 'env'
  | 'dep'
  | 'rel'
  | 'ins'
  | 'route'
  | 'host'
  | 'proc'
  | 'run'
  | 'upl';

/** Makes a new id of a kind. Passed in, so that a simulation can replay the same ids. */
export type Ids = <Prefix extends IdPrefix>(prefix: Prefix) => `${Prefix}_${string}`;

/** Milliseconds since the epoch. Passed in everywhere; nothing in the domain reads a clock of its own. */
export type Clock = () => number;

/** The team that exists in every farm. */
export const DEFAULT_TEAM: TeamId = 'team_default';

/** Turns a source of random characters of the alphabet 0-9A-Za-z into `Ids`. */
export function idsFrom(random: (length: number) => string): Ids {
  return (prefix) => `${prefix}_${random(16)}`;
}
