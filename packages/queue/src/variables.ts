import { LIMITS, SealedVariable, SwitchyardError, type VariableOwner, VariableVersion } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { VariableRecords } from './store-of-apps.ts';

/** The record that has to be there for an owner to have variables, and that counts their versions. */
function ownerKey(owner: VariableOwner): string {
  return owner.startsWith('app_') ? `app:${owner}` : `env:${owner}`;
}

/** By name. Throws a ZodError where one is not of this version. */
export function sealedOf(documents: unknown): SealedVariable[] {
  return z
    .array(z.string())
    .parse(documents)
    .map((document) => SealedVariable.parse(JSON.parse(document)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function variableRecords({ redis, keys, run, clock }: StoreContext): VariableRecords {
  const records: VariableRecords = {
    async set(owner, variables) {
      if (variables.length === 0) return;
      const updatedAt = clock();
      const answer = await run(
        'setVariables',
        updatedAt,
        owner,
        ownerKey(owner),
        LIMITS.maxVariables,
        LIMITS.maxVariableVersions,
        ...variables.flatMap((variable) => {
          const { name, scope, sensitive } = variable;
          const change = { v: 1, name, createdAt: updatedAt, removed: false, scope, sensitive };
          return [name, JSON.stringify({ v: 1, ...variable, updatedAt }), JSON.stringify(change)];
        }),
      );
      if (answer === 'gone') throw new SwitchyardError('environment-not-found', 'This environment is gone.');
      if (answer === 'too-many')
        throw new SwitchyardError(
          'too-many-variables',
          `An app may have ${LIMITS.maxVariables} variables. Nothing was changed; delete some first.`,
        );
    },

    async remove(owner, names) {
      if (names.length === 0) return [];
      const createdAt = clock();
      const answer = await run(
        'removeVariables',
        createdAt,
        owner,
        ownerKey(owner),
        LIMITS.maxVariableVersions,
        ...names.flatMap((name) => [
          name,
          JSON.stringify({ v: 1, name, createdAt, removed: true, scope: null, sensitive: null }),
        ]),
      );
      return z.array(z.string()).parse(answer);
    },

    async readSealed(owner) {
      const answers = await redis
        .multi()
        .exists(`${keys.base}${ownerKey(owner)}`)
        .hvals(keys.variables(owner))
        .exec();
      const [[, exists] = [], [, documents] = []] = answers ?? [];
      if (exists !== 1) return null;
      return sealedOf(documents);
    },

    async versions(owner) {
      const documents = await redis.lrange(keys.variableVersions(owner), 0, '-1');
      return documents.map((document) => VariableVersion.parse(JSON.parse(document)));
    },
  };
  return records;
}
