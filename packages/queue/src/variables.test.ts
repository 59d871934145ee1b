import { LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, ME } from '../../../tests/harness/chain-walk.ts';
import type { VariableRecords } from './store-of-apps.ts';

let chain: ChainWalk;
let variables: VariableRecords;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
  variables = chain.store.variables;
});

afterEach(async () => {
  await chain.close();
});

const variable = (name: string, sealed = `v1.${name}`) => ({
  name,
  scope: 'both' as const,
  environment: 'production' as const,
  sensitive: true,
  sealed,
});

const names = async (): Promise<string[] | undefined> =>
  (await variables.readSealed(chain.app.environmentId))?.map(({ name }) => name);

describe('variables of an environment', () => {
  it('come back as they were set, by name, with when and in which change', async () => {
    const { environmentId } = chain.app;
    expect(await variables.readSealed(environmentId)).toEqual([]);
    await variables.set(environmentId, [variable('B'), variable('A', '}{"')]);
    const { updatedAt = 0 } = (await variables.readSealed(environmentId))?.[0] ?? {};
    expect(await variables.readSealed(environmentId)).toEqual([
      { v: 1, ...variable('A', '}{"'), version: 1, updatedAt },
      { v: 1, ...variable('B'), version: 1, updatedAt },
    ]);
    chain.wait(1_000);
    await variables.set(environmentId, [variable('B', 'v1.new')]);
    expect(await variables.readSealed(environmentId)).toMatchObject([
      { name: 'A', version: 1, updatedAt },
      { name: 'B', version: 2, updatedAt: updatedAt + 1_000, sealed: 'v1.new' },
    ]);
  });

  it('are removed by name; a removal counts as a change', async () => {
    const { environmentId } = chain.app;
    await variables.set(environmentId, [variable('A'), variable('B'), variable('C')]);
    expect(await variables.remove(environmentId, ['A', 'X', 'C'])).toEqual(['A', 'C']);
    expect(await variables.remove(environmentId, ['A'])).toEqual([]);
    await variables.set(environmentId, [variable('D')]);
    expect(await variables.readSealed(environmentId)).toMatchObject([
      { name: 'B', version: 1 },
      { name: 'D', version: 3 },
    ]);
  });

  it('are set all or none: beyond the limit nothing changes', async () => {
    const { environmentId } = chain.app;
    const most = Array.from({ length: LIMITS.maxVariables }, (_, index) => variable(`A${index}`));
    await variables.set(environmentId, most.slice(1));
    await expect(variables.set(environmentId, [variable('X'), variable('Y')])).rejects.toMatchObject({
      code: 'too-many-variables',
    });
    expect(await names()).toHaveLength(LIMITS.maxVariables - 1);
    await variables.set(environmentId, most);
    expect(await names()).toHaveLength(LIMITS.maxVariables);
  });

  it('belong to their environment alone, and go when the app has gone', async () => {
    const { appId, environmentId } = chain.app;
    const other = await chain.newApp('other');
    await variables.set(environmentId, [variable('A')]);
    expect(await variables.readSealed(other.environmentId)).toEqual([]);
    await chain.store.apps.remove(appId);
    await chain.store.chain.sweep(ME);
    expect(await variables.readSealed(environmentId)).toBeNull();
    await expect(variables.set(environmentId, [variable('A')])).rejects.toMatchObject({
      code: 'environment-not-found',
    });
    expect(await variables.remove(environmentId, ['A'])).toEqual([]);
  });

  it('are recorded as versions without their values, newest first, and go with the app', async () => {
    const { appId, environmentId } = chain.app;
    await variables.set(environmentId, [variable('A', 'v1.first'), variable('B', 'v1.other')]);
    chain.wait(1_000);
    await variables.set(environmentId, [{ ...variable('A', 'v1.second'), scope: 'run', sensitive: false }]);
    await variables.remove(environmentId, ['X', 'A']);
    await variables.remove(environmentId, ['A']);
    const versions = await variables.versions(environmentId);
    const { createdAt = 0 } = versions.at(-1) ?? {};
    const gone = { removed: true, scope: null, sensitive: null };
    expect(versions.filter(({ name }) => name === 'A')).toEqual([
      { v: 1, name: 'A', version: 3, createdAt: createdAt + 1_000, ...gone },
      { v: 1, name: 'A', version: 2, createdAt: createdAt + 1_000, removed: false, scope: 'run', sensitive: false },
      { v: 1, name: 'A', version: 1, createdAt, removed: false, scope: 'both', sensitive: true },
    ]);
    expect(versions.filter(({ name }) => name === 'B')).toHaveLength(1);
    expect(versions).toHaveLength(4);
    expect(await variables.versions(appId)).toEqual([]);
    await chain.store.apps.remove(appId);
    await chain.store.chain.sweep(ME);
    expect(await variables.versions(environmentId)).toEqual([]);
  });

  it('are refused beyond the limit without a version of it, and keep so many versions', async () => {
    const { environmentId } = chain.app;
    const most = Array.from({ length: LIMITS.maxVariables }, (_, index) => variable(`A${index}`));
    await variables.set(environmentId, most);
    await expect(variables.set(environmentId, [variable('X')])).rejects.toMatchObject({ code: 'too-many-variables' });
    expect(await variables.versions(environmentId)).toHaveLength(LIMITS.maxVariables);
    const times = Math.ceil(LIMITS.maxVariableVersions / LIMITS.maxVariables);
    for (let time = 0; time < times; time += 1) await variables.set(environmentId, most);
    await variables.remove(environmentId, ['A7']);
    const versions = await variables.versions(environmentId);
    expect(versions).toHaveLength(LIMITS.maxVariableVersions);
    expect(versions[0]).toMatchObject({ name: 'A7', removed: true, version: times + 2 });
    expect(versions.at(-1)?.version).toBe(2);
  });
});
