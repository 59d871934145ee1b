import type { Plan, SnapshotRef } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, instanceSpec, run, SERVER, type Subject, snapshotOf, unique } from '../conformance/subject.ts';
import { viewContainer } from './container-spec.ts';
import { openDockerPlatform } from './docker-platform.ts';
import { openDockerSubject } from './docker-subject.ts';
import { openEngine } from './engine.ts';
import { snapshotRepository } from './names.ts';

const engine = openEngine();
const RUNTIME = { name: 'node', wanted: '*' } as const;
let subject: Subject;

beforeAll(async () => {
  subject = await openDockerSubject(openDockerPlatform);
});
afterAll(() => subject.close());

const imageOf = async ({ key }: SnapshotRef) =>
  await engine.getImage(`${snapshotRepository(subject.farmId)}:${key}`).inspect();

async function publish(
  commands: readonly string[],
  layers: readonly { snapshot: SnapshotRef }[],
): Promise<SnapshotRef> {
  const { answer, output } = await run(subject.platform, commands, { layers, publish: `tree-${unique()}` });
  if (answer.end !== 'succeeded' || answer.snapshot === null) throw new Error(`${answer.end}: ${output}`);
  return answer.snapshot;
}

describe('a build on a source and its dependencies', () => {
  it('shares the dependencies’ layers, and sees the source where they have nothing of their own', async () => {
    const source = await snapshotOf(subject.platform, {
      'package.json': 'source\n',
      'src/a.js': 'a\n',
      'lib/own': 'o\n',
    });
    const dependencies = await publish(
      ['mkdir -p node_modules/x lib; echo x >node_modules/x/index.js; echo changed >package.json; echo d >lib/d'],
      [],
    );
    const build = await publish(
      ['cat package.json src/a.js node_modules/x/index.js; ls lib; echo built >out; stat -c %u out src/a.js'],
      [{ snapshot: source }, { snapshot: dependencies }],
    );
    const [below, above] = [(await imageOf(dependencies)).RootFS.Layers, (await imageOf(build)).RootFS.Layers];
    expect(above?.slice(0, below?.length)).toEqual(below);
    const { output } = await run(subject.platform, ['cat package.json src/a.js out; ls lib'], {
      layers: [{ snapshot: build }],
    });
    expect(output).toBe('changed\na\nbuilt\nd\nown\n');
  });
});

describe('a release', () => {
  const plan = (wish: Partial<Plan>): Plan => ({
    v: 1,
    language: 'node',
    framework: null,
    root: '.',
    runtime: RUNTIME,
    packageManager: null,
    install: null,
    build: null,
    migrate: null,
    start: { kind: 'command', command: 'node server.js' },
    health: { path: null, timeLimitMs: 1_000 },
    warnings: [],
    persist: [],
    reasons: [],
    ...wish,
  });

  async function release(wish: Partial<Plan>, files: Readonly<Record<string, string>>): Promise<SnapshotRef> {
    return await subject.platform.worker.makeRelease({
      attempt: attempt(),
      build: await snapshotOf(subject.platform, files),
      plan: plan(wish),
      publish: `rel-${unique()}`,
      labels: { 'switchyard.app': 'shop', commit: 'f00d' },
      signal: new AbortController().signal,
      onOutput: () => {},
    });
  }

  it('is an image that starts by itself as the tree’s owner, and says what it is', async () => {
    const { Config } = await imageOf(await release({ root: 'web' }, { 'web/server.js': SERVER['server.js'] }));
    expect(Config).toMatchObject({
      User: '1000:1000',
      WorkingDir: '/app/web',
      Entrypoint: ['/bin/sh', '-c', 'node server.js'],
      Labels: { 'switchyard.app': 'shop', 'dev.switchyard.commit': 'f00d', 'dev.switchyard.farm': subject.farmId },
    });
    expect(Config.Cmd ?? []).toEqual([]);
    expect(Config).toHaveProperty('StopSignal', 'SIGTERM');
  });

  it('of a static site brings its server along', async () => {
    const snapshot = await release(
      { start: { kind: 'static', directory: 'out', spa: true } },
      { 'out/index.html': '<p>home</p>' },
    );
    const container = await engine.createContainer({
      Image: `${snapshotRepository(subject.farmId)}:${snapshot.key}`,
      Env: ['PORT=3000'],
      Labels: { 'dev.switchyard.farm': subject.farmId },
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const url = `http://${NetworkSettings.Networks['bridge']?.IPAddress}:3000/some/page`;
    await expect
      .poll(async () => await (await fetch(url, { headers: { accept: 'text/html' } })).text(), { timeout: 15_000 })
      .toBe('<p>home</p>');
    await container.remove({ force: true });
  });

  it('that was aborted leaves nothing', async () => {
    const key = `rel-${unique()}`;
    const making = subject.platform.worker.makeRelease({
      attempt: attempt(),
      build: await snapshotOf(subject.platform, { a: 'a' }),
      plan: plan({}),
      publish: key,
      labels: {},
      signal: AbortSignal.abort(),
      onOutput: () => {},
    });
    await expect(making).rejects.toMatchObject({ name: 'AbortError' });
    expect(await subject.platform.worker.find(key)).toBeNull();
  });
});

describe('a tree in use', () => {
  it('loses its name at once when it is removed, and what runs on it goes on', async () => {
    const snapshot = await publish(['echo content >file'], []);
    const { runner, worker } = subject.platform;
    const id = `ins_${unique()}` as const;
    await runner.startInstance({ ...instanceSpec(subject, snapshot, 'sleep 600'), id });
    await worker.removeSnapshot(snapshot.key);
    expect(await worker.find(snapshot.key)).toBeNull();
    expect((await runner.list()).find((one) => one.id === id)).toMatchObject({ state: 'running' });
    await runner.stop(id, { graceMs: 0 });
    await runner.remove(id);
  });
});

describe('what a dead worker left', () => {
  it('is removed with the attempt that it was for, also when it was made and never started', async () => {
    const mine = attempt(4);
    const owner = { farmId: subject.farmId, epoch: 1 };
    const snapshot = await snapshotOf(subject.platform, {});
    const image = (await imageOf(snapshot)).Id;
    const { id } = await engine.createContainer(viewContainer({ owner, attempt: mine, image }));
    const listed = async () => (await subject.platform.worker.listWorkspaces()).map(({ deploymentId }) => deploymentId);
    expect(await listed()).toContain(mine.deploymentId);
    await subject.platform.worker.discardAttempts(mine.deploymentId, 4);
    expect(await listed()).toContain(mine.deploymentId);
    await subject.platform.worker.discardAttempts(mine.deploymentId, 5);
    expect(await listed()).not.toContain(mine.deploymentId);
    await expect(engine.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});

it('a run that is aborted while its tree is put together ends there', async () => {
  const snapshot = await publish(['head -c 300000000 /dev/urandom >large'], []);
  const mine = attempt();
  const gate = new AbortController();
  // In parts, so that it is copied.
  const layers = [{ snapshot, only: ['large'] }];
  const running = run(subject.platform, ['echo ran'], { attempt: mine, layers, signal: gate.signal });
  await expect
    .poll(async () => (await subject.platform.worker.listWorkspaces()).map(({ deploymentId }) => deploymentId))
    .toContain(mine.deploymentId);
  const began = performance.now();
  gate.abort();
  expect(await running).toMatchObject({ answer: { end: 'aborted' }, output: '' });
  expect(performance.now() - began).toBeLessThan(2_000);
  expect((await subject.platform.worker.listWorkspaces()).map(({ deploymentId }) => deploymentId)).not.toContain(
    mine.deploymentId,
  );
});
