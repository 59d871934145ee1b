import { SwitchyardError } from '@switchyard/domain';
import type { Container, ContainerInspectInfo } from 'dockerode';
import type { InstanceSpec, OneOffSpec } from '../platform.ts';
import { archiveOfFiles } from './archive.ts';
import { environmentScript } from './container-scripts.ts';
import type { NamedContainer, ProcessPlace } from './container-spec.ts';
import type { DockerHost } from './docker-host.ts';
import { unlessMissing } from './engine.ts';
import { isConflict } from './engine-errors.ts';
import { LABEL, PLACES, processContainer } from './names.ts';
import { staticServerFiles } from './static-server-files.ts';
import { type AssemblyPlan, openLayers, planAssembly, putOver } from './tree-assembly.ts';
import { attachInput, removeContainer } from './work-container.ts';

const NEVER = new AbortController().signal;

/** What a process starts from: an image, files that go over its own, and the PATH of its toolchain. */
interface Ground {
  readonly assembly: AssemblyPlan;
  readonly path: string;
  readonly hidden: readonly string[];
  readonly isBare: boolean;
}

/** A release stands by itself; a bare tree is laid on a base of its runtime. */
async function groundOf(host: DockerHost, spec: InstanceSpec | OneOffSpec): Promise<Ground> {
  const layers = await openLayers(host.snapshots, [{ snapshot: spec.snapshot }]);
  const labels = layers[0]?.image.labels ?? {};
  const { [LABEL.base]: base, [LABEL.path]: path } = labels;
  if (base !== undefined && path !== undefined)
    return { assembly: planAssembly(layers, base), path, hidden: [], isBare: false };
  const toolchain = await host.toolchains.resolve(
    { runtime: spec.runtime, packageManager: null },
    { signal: NEVER, onOutput: () => {} },
  );
  return {
    assembly: planAssembly(layers, toolchain.base.id),
    path: toolchain.path,
    hidden: toolchain.base.hidden,
    isBare: true,
  };
}

/** Starts an instance or one-off, or finds the one of this id. `optionsFor` says how its container is made. */
export async function startProcess(
  host: DockerHost,
  spec: InstanceSpec | OneOffSpec,
  optionsFor: (place: ProcessPlace) => NamedContainer,
  beforeBegin?: () => Promise<void>,
): Promise<ContainerInspectInfo> {
  const { engine, owner } = host;
  // What an app believes to be kept must not be lost without a word.
  if (spec.persist.length > 0)
    throw new SwitchyardError(
      'invalid-settings',
      `\`persist\` (${spec.persist.join(', ')}) is kept by the local platform alone. Keep the files in a database or an object store, or run the app on local.`,
    );
  const present = await unlessMissing(engine.getContainer(processContainer(spec.farmId, spec.id)).inspect());
  if (present !== null && present.State.Status !== 'created') return present;
  const { assembly, path, hidden, isBare } = await groundOf(host, spec);
  await host.volumes.ready(assembly.image);
  const options = optionsFor({ image: assembly.image, hidden, network: host.network, volumes: host.volumes });
  const port = 'port' in spec ? { PORT: String(spec.port) } : {};
  const own = { PATH: path, HOME: PLACES.home };
  const env = { ...(await host.commandVariables()), TMPDIR: PLACES.temporary, ...port, ...spec.env, ...own };
  // Made by a runner that died before it started it: nothing has run yet.
  if (present !== null) await removeContainer(engine.getContainer(present.Id));
  const container = await createOnce(host, options);
  // Another call was first; it starts it.
  if (container === null) return await engine.getContainer(options.name).inspect();
  try {
    await putOver(engine, container, assembly, { owner, attempt: null, signal: NEVER });
    // A release of a static site has its server; a bare tree has not.
    if (isBare && 'start' in spec && spec.start.kind === 'static') {
      await container.putArchive(archiveOfFiles(await staticServerFiles()), { path: '/' });
    }
    await beforeBegin?.();
    await startWith(container, env);
    return await container.inspect();
  } catch (error) {
    await removeContainer(container);
    throw error;
  }
}

/** null: there is one of this name. */
async function createOnce({ engine }: DockerHost, options: NamedContainer): Promise<Container | null> {
  try {
    return await engine.createContainer(options);
  } catch (error) {
    if (isConflict(error)) return null;
    throw error;
  }
}

/** The environment goes over standard input, once. */
async function startWith(container: Container, env: Readonly<Record<string, string>>): Promise<void> {
  const input = await attachInput(container);
  try {
    await container.start();
    await new Promise<void>((resolve) => input.end(environmentScript(env), () => resolve()));
  } catch (error) {
    input.destroy();
    throw error;
  }
}
