import { LIMITS, type ResourceLimits } from '@switchyard/domain';
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { AttemptRef, InstanceSpec, OneOffSpec } from '../platform.ts';
import { KEEP_UNTIL_DETACHED, RUN_PROCESS } from './container-scripts.ts';
import { attemptLabels, LABEL, type Owner, ownerLabels, PLACES, processContainer, USER, USER_ID } from './names.ts';

export interface Volumes {
  readonly tools: string;
  /** null: downloads are kept in memory, and gone with the container. */
  readonly caches: string | null;
}

/** tmpfs is `noexec` unless it is asked for, and package managers run programs from there. */
function memoryDirectory(mode: string): string {
  return `rw,exec,nosuid,nodev,size=${LIMITS.containerTemporaryBytes},mode=${mode},uid=${USER_ID},gid=${USER_ID}`;
}

const CPU_PERIOD_US = 100_000;

function isolation(limits: ResourceLimits): HostConfig {
  return {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Memory: limits.memoryBytes,
    // The same as Memory: no swap beyond it.
    MemorySwap: limits.memoryBytes,
    PidsLimit: limits.processes,
    // Not NanoCpus, which the engine refuses above what the host has.
    ...(limits.cpus === null ? {} : { CpuPeriod: CPU_PERIOD_US, CpuQuota: Math.round(limits.cpus * CPU_PERIOD_US) }),
    Tmpfs: { [PLACES.home]: memoryDirectory('0700'), [PLACES.temporary]: memoryDirectory('1777') },
  };
}

/** Docker's own names are used for volumes, so that nothing of the host's file system is mounted: a worker may run in a container itself. */
function mounts(volumes: Volumes, access: { tools: 'ro' | 'rw' }): string[] {
  const tools = `${volumes.tools}:${PLACES.tools}:${access.tools}`;
  return volumes.caches === null ? [tools] : [tools, `${volumes.caches}:${PLACES.caches}:rw`];
}

/** A container that a stage's commands, or the fetching of a toolchain, are executed in. Removes itself when it ends. */
export function workContainer(request: {
  owner: Owner;
  role: 'stage' | 'tool';
  attempt: AttemptRef | null;
  image: string;
  /** Variables of the image that commands don't get: a name without a value takes it away, also from what is committed. */
  hidden: readonly string[];
  volumes: Volumes;
  limits?: ResourceLimits;
}): ContainerCreateOptions {
  const isolated = isolation(request.limits ?? LIMITS.buildResources);
  const inMemory = request.volumes.caches === null ? { [PLACES.caches]: memoryDirectory('0700') } : {};
  return {
    Image: request.image,
    Env: [...request.hidden],
    Entrypoint: ['/bin/sh', '-c', KEEP_UNTIL_DETACHED],
    Cmd: [],
    User: '0:0',
    WorkingDir: PLACES.tree,
    AttachStdin: true,
    OpenStdin: true,
    StdinOnce: true,
    Labels: { ...ownerLabels(request.owner, request.role), ...attemptLabels(request.attempt) },
    HostConfig: {
      ...isolated,
      Tmpfs: { ...isolated.Tmpfs, ...inMemory },
      AutoRemove: true,
      Binds: mounts(request.volumes, { tools: request.role === 'tool' ? 'rw' : 'ro' }),
    },
  };
}

/** A container that is never started: a handle on an image's files. */
export function viewContainer(request: {
  owner: Owner;
  attempt: AttemptRef | null;
  image: string;
  hidden?: readonly string[];
}): ContainerCreateOptions {
  return {
    Image: request.image,
    Env: [...(request.hidden ?? [])],
    Entrypoint: ['/bin/sh'],
    Cmd: [],
    WorkingDir: PLACES.tree,
    // Kept by what is committed from it: a release.
    StopSignal: 'SIGTERM',
    Labels: { ...ownerLabels(request.owner, 'view'), ...attemptLabels(request.attempt) },
    HostConfig: { NetworkMode: 'none' },
  };
}

/** What `RUN_PROCESS` is told. */
function processCommand(command: string, timeLimitMs: number | null, { openFiles }: ResourceLimits): string[] {
  const seconds = (ms: number) => String(ms / 1000);
  return [
    '/bin/sh',
    '-c',
    RUN_PROCESS,
    'sh',
    command,
    timeLimitMs === null ? '0' : seconds(timeLimitMs),
    seconds(LIMITS.commandGraceMs),
    String(openFiles),
  ];
}

/** Labels from outside, below our own prefix unless they have one. */
export function foreignLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.includes('.') ? name : `dev.switchyard.${name}`, value]),
  );
}

export interface ProcessPlace {
  readonly image: string;
  readonly hidden: readonly string[];
  readonly network: string | null;
  readonly volumes: Volumes;
}

export type NamedContainer = ContainerCreateOptions & { readonly name: string };

function processOptions(
  spec: InstanceSpec | OneOffSpec,
  place: ProcessPlace,
  what: {
    role: 'instance' | 'one-off';
    command: string;
    timeLimitMs: number | null;
    labels: Readonly<Record<string, string>>;
  },
): NamedContainer {
  return {
    name: processContainer(spec.farmId, spec.id),
    Image: place.image,
    Env: [...place.hidden],
    Entrypoint: processCommand(what.command, what.timeLimitMs, spec.limits),
    Cmd: [],
    User: USER,
    WorkingDir: spec.root === '.' ? PLACES.tree : `${PLACES.tree}/${spec.root}`,
    AttachStdin: true,
    OpenStdin: true,
    StdinOnce: true,
    StopSignal: 'SIGTERM',
    Labels: {
      ...attemptLabels(null),
      ...foreignLabels(spec.labels),
      ...ownerLabels(spec, what.role),
      [LABEL.process]: spec.id,
      ...what.labels,
    },
    HostConfig: {
      ...isolation(spec.limits),
      // Starting again is the runner's, which knows backoff and what is desired.
      RestartPolicy: { Name: 'no' },
      NetworkMode: place.network ?? 'bridge',
      Binds: [`${place.volumes.tools}:${PLACES.tools}:ro`],
      LogConfig: {
        Type: 'json-file',
        Config: { 'max-size': String(LIMITS.maxInstanceLogBytes / 2), 'max-file': '2' },
      },
    },
  };
}

export function instanceContainer(spec: InstanceSpec, command: string, place: ProcessPlace): NamedContainer {
  const labels = { [LABEL.port]: String(spec.port) };
  return processOptions(spec, place, { role: 'instance', command, timeLimitMs: null, labels });
}

export function oneOffContainer(spec: OneOffSpec, place: ProcessPlace): NamedContainer {
  const { command, timeLimitMs } = spec;
  const labels = { [LABEL.timeLimitMs]: String(timeLimitMs) };
  return processOptions(spec, place, { role: 'one-off', command, timeLimitMs, labels });
}
