import { expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import {
  environmentOf,
  type OpenVariable,
  secretsOf,
  VariableName,
  VariableValue,
  type VariableVersion,
  variableOwnerOf,
  versionsOf,
} from './variables.ts';

it.each(['A', '_', 'DATABASE_URL', 'a1', 'PORTS', 'SWITCHYARDS', 'A'.repeat(128)])('%s is a name', (name) => {
  expect(VariableName.safeParse(name).success).toBe(true);
});

it.each(['', '1A', 'A-B', 'A B', 'A=B', 'Ä', 'A\n', 'A'.repeat(129)])('%j is no name', (name) => {
  expect(VariableName.safeParse(name).success).toBe(false);
});

it.each(['PORT', 'HOST', 'HOME', 'PATH', 'TMPDIR', 'SWITCHYARD', 'SWITCHYARD_URL'])(
  '%s is refused in words',
  (name) => {
    expect(VariableName.safeParse(name).error?.issues[0]?.message).toMatch(/set by Switchyard/);
  },
);

it('a value is bounded in bytes and holds no NUL', () => {
  expect(VariableValue.safeParse('ü'.repeat(LIMITS.maxVariableBytes / 2)).success).toBe(true);
  expect(VariableValue.safeParse('ü'.repeat(LIMITS.maxVariableBytes / 2 + 1)).success).toBe(false);
  expect(VariableValue.safeParse('a\0b').success).toBe(false);
  expect(VariableValue.safeParse('').success).toBe(true);
});

it('a scope sees its own and those of both', () => {
  const variable = (name: string, scope: OpenVariable['scope'], sensitive: boolean): OpenVariable => ({
    v: 1,
    name,
    scope,
    environment: 'production',
    sensitive,
    version: 1,
    updatedAt: 0,
    value: name.toLowerCase(),
  });
  const all = [variable('A', 'build', true), variable('B', 'run', false), variable('C', 'both', true)];
  expect(environmentOf(all, 'build')).toEqual({ A: 'a', C: 'c' });
  expect(environmentOf(all, 'run')).toEqual({ B: 'b', C: 'c' });
  expect(secretsOf(all)).toEqual(['a', 'c']);
});

it('a preview gets the variables of previews, and none of production’s', () => {
  const environment = { id: 'env_aaaaaa', appId: 'app_aaaaaa' } as const;
  expect(variableOwnerOf({ ...environment, name: 'production' })).toBe('env_aaaaaa');
  for (const name of ['preview', 'pr-7', 'Production', ''])
    expect(variableOwnerOf({ ...environment, name })).toBe('app_aaaaaa');
});

it('a variable’s versions are its own, newest first, with the present one where it was set before any were recorded', () => {
  const recorded = (name: string, version: number, removed = false): VariableVersion => ({
    v: 1,
    name,
    version,
    createdAt: version,
    removed,
    scope: removed ? null : 'both',
    sensitive: removed ? null : true,
  });
  const present = (name: string, version: number) =>
    ({ v: 1, name, version, updatedAt: version, scope: 'both', environment: 'production', sensitive: true }) as const;
  expect(versionsOf('A', [recorded('B', 5), recorded('A', 2), recorded('A', 4, true)], [])).toEqual([
    recorded('A', 4, true),
    recorded('A', 2),
  ]);
  expect(versionsOf('A', [recorded('A', 4)], [present('A', 4), present('B', 1)])).toEqual([recorded('A', 4)]);
  expect(versionsOf('A', [recorded('B', 5)], [present('A', 3)])).toEqual([recorded('A', 3)]);
  expect(versionsOf('A', [recorded('B', 5)], [present('B', 5)])).toEqual([]);
});
