import { LIMITS } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import type { InstanceSpec, OneOffSpec } from '../platform.ts';
import { instanceContainer, oneOffContainer, viewContainer, workContainer } from './container-spec.ts';

const owner = { farmId: 'farm_aaaaaa', epoch: 2 };
const attempt = { appId: 'app_aaaaaa', deploymentId: 'dep_aaaaaa', stage: 'build', token: 7 } as const;
const volumes = { tools: 'the-tools', caches: 'the-caches' };
const stage = workContainer({ owner, role: 'stage', attempt, image: 'sha256:1', hidden: ['NODE_VERSION'], volumes });
const place = { image: 'sha256:2', hidden: [], network: null, volumes };
const base = {
  farmId: 'farm_aaaaaa',
  epoch: 2,
  appId: 'app_aaaaaa',
  environmentId: 'env_aaaaaa',
  persist: [],
  snapshot: { key: 'rel-1', placement: 'any' },
  root: '.',
  runtime: { name: 'node', wanted: '24' },
  env: { SECRET: 'canary' },
  limits: LIMITS.runResources,
  labels: { app: 'app_aaaaaa', 'org.example.x': 'y' },
} as const;
const instanceSpec: InstanceSpec = {
  ...base,
  id: 'ins_aaaaaa',
  start: { kind: 'command', command: 'npm start' },
  port: 8080,
};
const oneOffSpec: OneOffSpec = { ...base, id: 'run_aaaaaa', command: 'npm run migrate', timeLimitMs: 90_500 };
const instance = instanceContainer(instanceSpec, 'npm start', place);
const oneOff = oneOffContainer(oneOffSpec, place);

describe('every container that runs', () => {
  it.each([
    ['stage', stage],
    ['instance', instance],
    ['one-off', oneOff],
  ])('has no capability, gains none, and has limits: %s', (_, { HostConfig: host }) => {
    expect(host).toMatchObject({ CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] });
    expect(host?.Memory).toBeGreaterThan(0);
    expect(host?.MemorySwap).toBe(host?.Memory);
    expect(host?.PidsLimit).toBeGreaterThan(0);
    expect(host?.Privileged).toBeUndefined();
  });

  it.each([
    ['stage', stage],
    ['instance', instance],
    ['one-off', oneOff],
  ])(
    'has HOME and the temporary directory in memory, where programs may be executed: %s',
    (_, { HostConfig: host }) => {
      for (const path of ['/home/node', '/tmp']) expect(host?.Tmpfs?.[path]).toMatch(/^rw,exec,.*uid=1000/);
    },
  );

  it.each([
    ['stage', stage],
    ['instance', instance],
    ['one-off', oneOff],
  ])('mounts volumes by name, and nothing of the host’s file system: %s', (_, { HostConfig: host }) => {
    expect(host?.Binds?.length).toBeGreaterThan(0);
    for (const bind of host?.Binds ?? []) expect(bind).toMatch(/^the-(tools|caches):/);
    expect(host?.Mounts).toBeUndefined();
  });

  it('says whose it is', () => {
    expect(stage.Labels).toMatchObject({
      'dev.switchyard.farm': 'farm_aaaaaa',
      'dev.switchyard.epoch': '2',
      'dev.switchyard.role': 'stage',
      'dev.switchyard.deployment': 'dep_aaaaaa',
      'dev.switchyard.stage': 'build',
      'dev.switchyard.token': '7',
    });
    expect(instance.Labels).toMatchObject({
      'dev.switchyard.role': 'instance',
      'dev.switchyard.process': 'ins_aaaaaa',
    });
  });
});

describe('a stage’s container', () => {
  it('ends with the worker that holds its input, and removes itself', () => {
    expect(stage).toMatchObject({ OpenStdin: true, StdinOnce: true, HostConfig: { AutoRemove: true } });
  });

  it('can’t write to the package managers that others use; the one that fetches can', () => {
    expect(stage.HostConfig?.Binds).toContain('the-tools:/opt/switchyard:ro');
    const tool = workContainer({ owner, role: 'tool', attempt: null, image: 'sha256:1', hidden: [], volumes });
    expect(tool.HostConfig?.Binds).toContain('the-tools:/opt/switchyard:rw');
  });

  it('takes the image’s own variables away', () => {
    expect(stage.Env).toEqual(['NODE_VERSION']);
  });
});

describe('an instance’s container', () => {
  it('holds no variable and no secret: the environment comes over its input', () => {
    expect(instance.Env).toEqual([]);
    expect(JSON.stringify([instance, oneOff])).not.toContain('canary');
    expect(instance).toMatchObject({ OpenStdin: true, StdinOnce: true });
  });

  it('runs as nobody who owns anything else, and is started again by the runner alone', () => {
    expect(instance).toMatchObject({ User: '1000:1000', HostConfig: { RestartPolicy: { Name: 'no' } } });
    expect(instance.HostConfig?.AutoRemove).toBeUndefined();
  });

  it('keeps its output within the limit', () => {
    expect(instance.HostConfig?.LogConfig).toEqual({
      Type: 'json-file',
      Config: { 'max-size': String(LIMITS.maxInstanceLogBytes / 2), 'max-file': '2' },
    });
  });

  it('joins the network that it is given, else the engine’s default', () => {
    expect(instance.HostConfig?.NetworkMode).toBe('bridge');
    const joined = instanceContainer(instanceSpec, 'x', { ...place, network: 'apps' });
    expect(joined.HostConfig?.NetworkMode).toBe('apps');
  });

  it('works in the app’s directory', () => {
    expect(instance.WorkingDir).toBe('/app');
    expect(instanceContainer({ ...instanceSpec, root: 'apps/web' }, 'x', place).WorkingDir).toBe('/app/apps/web');
  });

  it('takes labels from outside, below our own prefix unless they have one', () => {
    expect(instance.Labels).toMatchObject({ 'dev.switchyard.app': 'app_aaaaaa', 'org.example.x': 'y' });
  });

  it('is told its time limit in seconds, and an instance that it has none', () => {
    expect(oneOff.Entrypoint?.slice(-4, -1)).toEqual(['npm run migrate', '90.5', String(LIMITS.commandGraceMs / 1000)]);
    expect(instance.Entrypoint?.slice(-4, -2)).toEqual(['npm start', '0']);
  });
});

describe('limits', () => {
  it('are the ones that are asked for', () => {
    const limits = { memoryBytes: 300 * 1024 ** 2, cpus: 1.5, processes: 77, openFiles: 512 };
    const asked = instanceContainer({ ...instanceSpec, limits }, 'x', place);
    const resources = { Memory: limits.memoryBytes, PidsLimit: 77, CpuPeriod: 100_000, CpuQuota: 150_000 };
    expect(asked.HostConfig).toMatchObject(resources);
    expect(asked.Entrypoint?.at(-1)).toBe('512');
    const work = { owner, role: 'stage', attempt, image: 'sha256:1', hidden: [], volumes, limits } as const;
    expect(workContainer(work).HostConfig).toMatchObject(resources);
  });

  it('on processor time are none unless they are asked for', () => {
    expect(instance.HostConfig?.CpuQuota).toBeUndefined();
  });
});

it('a view is never on a network and never started by mistake for an instance', () => {
  const view = viewContainer({ owner, attempt: null, image: 'sha256:1' });
  expect(view.HostConfig?.NetworkMode).toBe('none');
  // Empty, since those of the image would be inherited.
  expect(view.Labels).toMatchObject({ 'dev.switchyard.role': 'view', 'dev.switchyard.deployment': '' });
});
