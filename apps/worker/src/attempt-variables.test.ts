import type { SealedVariable, VariableScope } from '@switchyard/domain';
import { secretBox } from '@switchyard/service';
import { describe, expect, it } from 'vitest';
import { attemptVariables } from './attempt-variables.ts';

const PLACE = { farmId: 'farm_aaaaaa', appId: 'app_aaaaaa', environmentId: 'env_aaaaaa' };
const box = secretBox(Buffer.alloc(32, 1));

const sealed = (name: string, value: string, scope: VariableScope, sensitive = true): SealedVariable => ({
  v: 1,
  name,
  scope,
  environment: 'production',
  sensitive,
  version: 1,
  updatedAt: 0,
  sealed: box.seal({ ...PLACE, name }, value),
});

describe('the variables of an attempt', () => {
  const all = [
    sealed('A', 'value-of-a', 'build'),
    sealed('B', 'value-of-b', 'run'),
    sealed('C', 'value-of-c', 'both', false),
  ];
  const variables = attemptVariables(box, PLACE, all);

  it('are those of builds for builds, and every sensitive one is masked', () => {
    expect(variables.build()).toEqual({ A: 'value-of-a', C: 'value-of-c' });
    expect(variables.secrets).toEqual(['value-of-a', 'value-of-b']);
  });

  it('enter the cache key by name, without a value in it', () => {
    const inputs = variables.buildInputs();
    expect(Object.keys(inputs)).toEqual(['the variable A', 'the variable C']);
    expect(JSON.stringify(inputs)).not.toContain('value-of');
    expect(attemptVariables(box, PLACE, all).buildInputs()).toEqual(inputs);
    const other = attemptVariables(box, PLACE, [sealed('A', 'another', 'build'), ...all.slice(1)]).buildInputs();
    expect(other['the variable A']).not.toBe(inputs['the variable A']);
    expect(other['the variable C']).toBe(inputs['the variable C']);
  });

  it('that can’t be opened fail who needs them and nobody else', () => {
    const unreadable = attemptVariables(secretBox(Buffer.alloc(32, 2)), PLACE, all);
    expect(unreadable.secrets).toEqual([]);
    for (const need of [() => unreadable.build(), () => unreadable.buildInputs(), () => unreadable.check()])
      expect(need).toThrow(expect.objectContaining({ code: 'variables-unreadable' }));
  });
});
