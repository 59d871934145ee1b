import type { DesiredInstance, OneOff } from '@switchyard/domain';
import type { InstanceSpec, OneOffSpec } from '@switchyard/platform';

/** What the platform is told of an instance and of a one-off alike; variables come on top of the record's own. */
export function startBaseOf(
  wanted: DesiredInstance | OneOff,
  variables: Readonly<Record<string, string>>,
): Omit<InstanceSpec & OneOffSpec, 'id' | 'start' | 'port' | 'command' | 'timeLimitMs'> {
  const { farmId, epoch, appId, environmentId, deploymentId, snapshot, root, runtime, persist, limits, env } = wanted;
  return {
    farmId,
    epoch,
    appId,
    environmentId,
    snapshot,
    root,
    runtime,
    persist,
    limits,
    env: { ...env, ...variables },
    labels: { app: appId, environment: environmentId, deployment: deploymentId },
  };
}
