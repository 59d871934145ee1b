import type { DeploymentId, InstanceId } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';

let walk: ChainWalk;
let live: DeploymentId;

beforeEach(async () => {
  walk = await ChainWalk.open(inject('redisUrl'));
  live = await walk.deploy();
  await walk.walk(live, null);
});

afterEach(async () => {
  await walk.close();
});

async function setReplicas(replicas: number): Promise<void> {
  const settings = await walk.store.settings.get(walk.app.appId);
  const values = { ...settings?.values, replicas };
  expect(await walk.store.settings.replace(walk.app.appId, settings?.version ?? 0, values)).not.toBeNull();
}

async function instances() {
  const all = await walk.store.instances.ofDeployment(live);
  return {
    running: all.filter(({ mode }) => mode === 'run').map(({ id }) => id),
    draining: all.filter(({ mode }) => mode === 'drain').map(({ id }) => id),
  };
}

async function ready(instanceId: InstanceId, port: number): Promise<void> {
  const { environmentId } = walk.app;
  await walk.store.routing.putEndpoint({
    instanceId,
    environmentId,
    deploymentId: live,
    host: '127.0.0.1',
    port,
    ready: true,
  });
}

const endpoints = async () => (await walk.store.routing.table()).endpoints.map(({ instanceId }) => instanceId);
const route = () => walk.store.routing.route(walk.app.environmentId);

describe('replicas', () => {
  it('that are more are started like those that run, at once, and the route stays', async () => {
    const before = await route();
    walk.wait(5_000);
    await setReplicas(3);
    const all = await walk.store.instances.ofDeployment(live);
    const [first] = await walk.store.instances.ofHost('host_aaaaaa');
    expect(all).toHaveLength(3);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    for (const one of all) expect({ ...one, id: '', createdAt: 0 }).toEqual({ ...first, id: '', createdAt: 0 });
    expect(await walk.store.instances.ofHost('host_aaaaaa')).toHaveLength(3);
    expect(await route()).toEqual(before);
  });

  it('that are fewer leave the table in the step in which the route gets another id, those that do not serve first', async () => {
    await setReplicas(3);
    const serving = (await instances()).running.find((id) => id === 'ins_1aaaaaa');
    const [second, third] = (await instances()).running.filter((id) => id !== serving);
    if (second === undefined || third === undefined) throw new Error('there are not three');
    await ready(second, 20_002);
    const before = await route();
    await setReplicas(2);
    expect(await instances()).toEqual({ running: expect.arrayContaining(['ins_1aaaaaa', second]), draining: [third] });
    await setReplicas(1);
    expect((await instances()).running).toHaveLength(1);
    expect(await endpoints()).toEqual((await instances()).running);
    const after = await route();
    expect(after).toEqual({ ...before, id: after?.id });
    expect(after?.id).not.toBe(before?.id);
  });

  it('that drain are not brought back by what their runner had begun to write', async () => {
    await setReplicas(2);
    await setReplicas(1);
    const [leaving] = (await instances()).draining;
    if (leaving === undefined) throw new Error('none leaves');
    await ready(leaving, 20_003);
    expect(await endpoints()).not.toContain(leaving);
  });

  it('that are changed for nothing that is live change only what the next deployment asks for', async () => {
    const other = await walk.newApp('other');
    const settings = await walk.store.settings.replace(other.appId, 0, { replicas: 4 });
    expect(settings?.values).toEqual({ replicas: 4 });
    expect(await walk.store.instances.ofEnvironment(other.environmentId)).toEqual([]);
  });

  it('are made good by asking again', async () => {
    expect(await walk.store.instances.scale(walk.app.environmentId)).toEqual({ added: 0, taken: 0 });
    await setReplicas(2);
    const [one] = (await instances()).running;
    if (one === undefined) throw new Error('none runs');
    await walk.store.instances.withdraw([one]);
    expect(await walk.store.instances.scale(walk.app.environmentId)).toEqual({ added: 1, taken: 0 });
  });
});

describe('an app that is stopped', () => {
  const stop = () => walk.store.routing.stop(walk.app.environmentId);
  const start = () => walk.goBack('restart', 1, 'start');

  it('has a route that says so, and no instance that serves', async () => {
    await setReplicas(2);
    const before = await route();
    expect(await stop()).toBe('stopped');
    expect(await route()).toMatchObject({
      weights: before?.weights,
      stopped: { at: expect.any(Number), before: 1 },
    });
    expect((await route())?.id).not.toBe(before?.id);
    expect((await instances()).running).toEqual([]);
    expect(await endpoints()).toEqual([]);
    const stopped = await route();
    expect(await stop()).toBe('stopped');
    expect(await route()).toEqual(stopped);
  });

  it('can’t be stopped where nothing is live', async () => {
    const other = await walk.newApp('other');
    expect(await walk.store.routing.stop(other.environmentId)).toBe('nothing-live');
  });

  it('is not scaled; its number counts when it is started', async () => {
    await stop();
    await setReplicas(3);
    expect((await instances()).running).toEqual([]);
  });

  it('does not go live with what was accepted before, and does with what was accepted after', async () => {
    const before = await walk.deploy();
    await walk.walk(before, 'switch');
    await stop();
    const lease = await walk.lease(before, 'switch');
    expect(await walk.moveRoute(lease)).toBe('stopped');
    await walk.store.chain.finish(lease, { kind: 'superseded', note: 'stopped' });
    await walk.walk(before, null);
    expect((await route())?.stopped).toBeDefined();
    await walk.walk(await walk.deploy(), null);
    expect((await route())?.stopped).toBeUndefined();
  });

  it('is live again when it was started', async () => {
    await stop();
    const id = await start();
    expect(await walk.get(id)).toMatchObject({ trigger: 'start', status: 'queued' });
    await walk.walk(id, null);
    expect(await route()).toMatchObject({ weights: [{ deploymentId: id }], owner: 1 });
    expect((await route())?.stopped).toBeUndefined();
  });

  it('takes no push', async () => {
    await stop();
    const push = { ref: 'main', sha: 'a'.repeat(40), provider: 'github', deliveryId: null } as const;
    expect(await walk.store.chain.acceptPush({ ...walk.app, ...push })).toEqual({
      answer: 'held',
      reason: 'The app is stopped.',
    });
  });
});
