import type { DeploymentId } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';

const WHY = { minReady: 1, reason: 'It answers with errors.' };

let chain: ChainWalk;
let first: DeploymentId;
let second: DeploymentId;

/** Two have gone live; the second one's cleanup is still to come. */
beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
  first = await chain.deploy();
  await chain.walk(first, null);
  second = await chain.deploy();
  await chain.walk(second, 'cleanup');
});

afterEach(async () => {
  await chain.close();
});

const route = () => chain.store.routing.route(chain.app.environmentId);

describe('turning back', () => {
  it('puts the route on what was live before, with a new id and the same owner', async () => {
    const before = await route();
    const answer = await chain.store.chain.turnBack(second, WHY);
    expect(answer.answer).toBe('turned-back');
    const now = await route();
    expect(now).toMatchObject({ owner: 2, weights: [{ deploymentId: first, weight: 100 }], hosts: before?.hosts });
    expect(now?.id).not.toBe(before?.id);
    expect((await chain.get(second)).turnedBackAt).not.toBeNull();
    const { events } = await chain.store.events.read(second, 0);
    expect(events.at(-1)).toMatchObject({ type: 'deployment.turned_back', data: { reason: WHY.reason } });
  });

  it('a second time answers with the same route and says nothing new', async () => {
    const once = await chain.store.chain.turnBack(second, WHY);
    const { sequence } = await chain.get(second);
    expect(await chain.store.chain.turnBack(second, WHY)).toEqual(once);
    expect((await chain.get(second)).sequence).toBe(sequence);
  });

  it('is refused to a deployment that is not live', async () => {
    expect(await chain.store.chain.turnBack(first, WHY)).toEqual({ answer: 'not-live' });
    const third = await chain.deploy();
    await chain.walk(third, 'cleanup');
    expect(await chain.store.chain.turnBack(second, WHY)).toEqual({ answer: 'not-live' });
    expect(await route()).toMatchObject({ owner: 3, weights: [{ deploymentId: third }] });
  });

  it('is refused when no earlier endpoint is ready now', async () => {
    const instances = await chain.store.instances.ofDeployment(first);
    for (const { id } of instances) await chain.store.routing.removeEndpoint(id);
    expect(await chain.store.chain.turnBack(second, WHY)).toEqual({ answer: 'not-ready' });
    expect(await route()).toMatchObject({ weights: [{ deploymentId: second }] });
  });

  it('leaves what it goes back to running, also where a cleanup was about to drain it', async () => {
    const ids = (await chain.store.instances.ofDeployment(first)).map(({ id }) => id);
    await chain.store.chain.turnBack(second, WHY);
    await chain.store.instances.drain(ids, 1_900_000_000_000);
    expect(await chain.store.instances.ofDeployment(first)).toMatchObject([{ mode: 'run' }]);
  });

  it('is refused once the cleanup drains what was live before', async () => {
    const ids = (await chain.store.instances.ofDeployment(first)).map(({ id }) => id);
    await chain.store.instances.drain(ids, 1_900_000_000_000);
    expect(await chain.store.chain.turnBack(second, WHY)).toEqual({ answer: 'not-ready' });
  });

  it('is refused where nothing was live before, where the app is stopped, and after the cleanup', async () => {
    expect(await chain.store.chain.turnBack('dep_unknown', WHY)).toEqual({ answer: 'not-found' });
    await chain.walk(second, null);
    expect(await chain.store.chain.turnBack(second, WHY)).toEqual({ answer: 'nothing-before' });
    await chain.store.routing.stop(chain.app.environmentId);
    expect(await chain.store.chain.turnBack(second, WHY)).toEqual({ answer: 'not-live' });
  });

  it('lets no older deployment go live, and a newer one', async () => {
    await chain.store.chain.turnBack(second, WHY);
    const third = await chain.deploy();
    await chain.walk(third, 'cleanup');
    expect(await route()).toMatchObject({ owner: 3, weights: [{ deploymentId: third }] });
  });
});

it('a switch that is taken over does not undo a turn-back', async () => {
  const third = await chain.deploy();
  await chain.walk(third, 'switch');
  const lease = await chain.lease(third, 'switch');
  expect(await chain.moveRoute(lease)).toBe('moved');
  await chain.store.chain.turnBack(third, WHY);
  expect(await chain.moveRoute(lease)).toBe('outdated');
  await chain.store.chain.finish(lease, { kind: 'superseded', note: 'The route has been moved on.' });
  await chain.walk(third, null);
  expect(await chain.get(third)).toMatchObject({ status: 'succeeded' });
  expect(await route()).toMatchObject({ weights: [{ deploymentId: second }] });
});
