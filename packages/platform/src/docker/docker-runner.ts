import { SwitchyardError } from '@switchyard/domain';
import type { Container } from 'dockerode';
import { parseKernelSockets } from '../local/listening-sockets.ts';
import type { FoundProcess, InstanceSpec, ListeningSocket, OneOffSpec, RunnerPlatform } from '../platform.ts';
import { ContainerLogs } from './container-log.ts';
import { instanceContainer, type NamedContainer, oneOffContainer, type ProcessPlace } from './container-spec.ts';
import type { DockerHost } from './docker-host.ts';
import { unlessMissing } from './engine.ts';
import { isConflict, isMissing, unlessGone, withEngine } from './engine-errors.ts';
import { EngineEvents } from './engine-events.ts';
import { executeForText } from './exec.ts';
import { foundProcess } from './found-process.ts';
import { LABEL, processContainer, USER } from './names.ts';
import { startProcess } from './process-start.ts';
import { startCommand } from './release.ts';

/** The engine's own name server on networks that are not the default one; no socket of the app's. */
const ENGINE_DNS = '127.0.0.11';

export function openDockerRunner(host: DockerHost): RunnerPlatform & { close(): void } {
  const { engine, owner } = host;
  const events = new EngineEvents(engine, owner.farmId);
  const logs = new ContainerLogs();
  const containerOf = (id: string): Container => engine.getContainer(processContainer(owner.farmId, id));

  const starting = new Map<string, Promise<FoundProcess>>();
  /** Where an instance was seen to listen, when that is not where it was told to. */
  const seenPorts = new Map<string, number>();

  function withSeenPort(found: FoundProcess): FoundProcess {
    const port = seenPorts.get(found.id);
    return port === undefined || found.address === null ? found : { ...found, address: { ...found.address, port } };
  }

  /** One start at a time per id: a second call answers with what the first one starts. */
  async function startOnce(
    spec: InstanceSpec | OneOffSpec,
    optionsFor: (place: ProcessPlace) => NamedContainer,
    beforeBegin?: () => Promise<void>,
  ): Promise<FoundProcess> {
    const earlier = starting.get(spec.id);
    if (earlier !== undefined) return await earlier;
    const promise = start(spec, optionsFor, beforeBegin).finally(() => starting.delete(spec.id));
    starting.set(spec.id, promise);
    return await promise;
  }

  async function start(
    spec: InstanceSpec | OneOffSpec,
    optionsFor: (place: ProcessPlace) => NamedContainer,
    beforeBegin?: () => Promise<void>,
  ): Promise<FoundProcess> {
    return await withEngine('starting a container', async () => {
      const found = foundProcess(await startProcess(host, spec, optionsFor, beforeBegin));
      if (found === null)
        throw new SwitchyardError('engine-refused', `The container of ${spec.id} is not one of ours.`);
      return found;
    });
  }

  return {
    needsHostPorts: false,
    startInstance: (spec) => startOnce(spec, (place) => instanceContainer(spec, startCommand(spec.start), place)),
    startOneOff: (spec, beforeBegin) => startOnce(spec, (place) => oneOffContainer(spec, place), beforeBegin),
    list: () =>
      withEngine('listing containers', async () => {
        const label = [`${LABEL.farm}=${owner.farmId}`, LABEL.process];
        const listed = await engine.listContainers({ all: true, filters: { label } });
        const inspected = await Promise.all(listed.map(({ Id }) => unlessMissing(engine.getContainer(Id).inspect())));
        const found = inspected.flatMap((info) => (info === null ? [] : (foundProcess(info) ?? [])));
        return found.map(withSeenPort);
      }),
    waitForChange: (signal) => withEngine('watching containers', () => events.wait(signal)),
    stop: (id, { graceMs }) =>
      withEngine('stopping a container', async () => {
        const container = containerOf(id);
        try {
          await container.kill({ signal: 'SIGTERM' });
        } catch (error) {
          // Not there, or not running.
          if (isMissing(error) || isConflict(error)) return;
          throw error;
        }
        if (await endedWithin(container, graceMs)) return;
        await unlessGone(container.kill({ signal: 'SIGKILL' }));
        await unlessGone(container.wait({ condition: 'not-running' }));
      }),
    remove: (id) =>
      withEngine('removing a container', async () => {
        const container = containerOf(id);
        const info = await unlessMissing(container.inspect());
        if (info === null) return;
        logs.forget(info.Id);
        seenPorts.delete(id);
        await unlessGone(container.remove({ force: true, v: true }));
      }),
    readOutput: (id, offset, maxBytes) =>
      withEngine('reading output', async () => {
        const info = await unlessMissing(containerOf(id).inspect());
        if (info === null) return { bytes: Buffer.alloc(0), next: offset };
        return await logs.read(engine.getContainer(info.Id), offset, maxBytes);
      }),
    listeningSockets: (id) =>
      withEngine('looking for listening sockets', async () => {
        try {
          const container = containerOf(id);
          const sockets = await socketsIn(container);
          const { Config } = await container.inspect();
          const port = seenPort(Number(Config.Labels[LABEL.port]), sockets);
          if (port === null) seenPorts.delete(id);
          else seenPorts.set(id, port);
          return sockets;
        } catch (error) {
          if (isMissing(error) || isConflict(error)) return [];
          throw error;
        }
      }),
    close: () => events.close(),
  };
}

/** The lowest port it listens on, unless it listens where it was told to, or nowhere. */
function seenPort(told: number, sockets: readonly ListeningSocket[]): number | null {
  if (sockets.length === 0 || sockets.some(({ port }) => port === told)) return null;
  return Math.min(...sockets.map(({ port }) => port));
}

async function socketsIn(container: Container): Promise<ListeningSocket[]> {
  const { text } = await executeForText(container, { command: ['cat', '/proc/net/tcp', '/proc/net/tcp6'], user: USER });
  return parseKernelSockets(text)
    .filter(({ host }) => host !== ENGINE_DNS)
    .map(({ host, port }) => ({ host, port }));
}

async function endedWithin(container: Container, graceMs: number): Promise<boolean> {
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), graceMs);
  try {
    await unlessGone(container.wait({ condition: 'not-running', abortSignal: given.signal }));
    return true;
  } catch (error) {
    if (given.signal.aborted) return false;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
