import { SwitchyardError } from '@switchyard/domain';
import type { Platform, PlatformOptions } from '../platform.ts';
import type { DockerHost } from './docker-host.ts';
import { openDockerRunner } from './docker-runner.ts';
import { openDockerWorker } from './docker-worker.ts';
import { openEngine, unlessMissing } from './engine.ts';
import { withEngine } from './engine-errors.ts';
import { type Certificates, certificatesFor, openFarmVolumes } from './farm-volumes.ts';
import { openSnapshots } from './images.ts';
import { openToolchains } from './toolchains.ts';

/** Containers of one engine; snapshots and releases are its images. Nothing of this process's file system is mounted into them. */
export async function openDockerPlatform(options: PlatformOptions): Promise<Platform> {
  const engine = openEngine();
  const owner = { farmId: options.farmId, epoch: options.epoch };
  let made: Promise<Certificates> | undefined;
  const certificates = () => {
    made ??= certificatesFor(options.dataDir, options.extraCaCerts);
    return made;
  };
  const commandVariables = async () => ({ ...options.proxyVariables, ...(await certificates()).variables });
  const volumes = openFarmVolumes(engine, owner, certificates);
  const host: DockerHost = {
    engine,
    owner,
    volumes,
    snapshots: openSnapshots(engine, options.farmId, options.hostId),
    toolchains: openToolchains({ engine, owner, volumes, variables: commandVariables }),
    network: options.dockerNetwork,
    commandVariables,
  };
  const runner = openDockerRunner(host);
  return {
    kind: 'docker',
    worker: openDockerWorker(host),
    runner,
    async check() {
      await withEngine('answering', () => engine.ping());
      if (options.dockerNetwork !== null) await requireNetwork(host, options.dockerNetwork);
      await certificates();
    },
    async close() {
      runner.close();
    },
  };
}

async function requireNetwork({ engine }: DockerHost, name: string): Promise<void> {
  const network = await withEngine('looking for the network', () => unlessMissing(engine.getNetwork(name).inspect()));
  if (network !== null) return;
  throw new SwitchyardError(
    'config-invalid',
    `The engine has no network ${name}. Make it (\`docker network create ${name}\`), or change SWITCHYARD_DOCKER_NETWORK.`,
  );
}
