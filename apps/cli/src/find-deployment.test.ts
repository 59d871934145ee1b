import { expect, test } from 'vitest';
import { parseDeploymentWord } from './find-deployment.ts';

test('a deployment is called by its id, by app and number, or by its app', () => {
  expect(parseDeploymentWord('dep_abc123')).toEqual({ kind: 'id', id: 'dep_abc123' });
  expect(parseDeploymentWord('hello#12')).toEqual({ kind: 'numbered', app: 'hello', number: 12 });
  expect(parseDeploymentWord('my-app')).toEqual({ kind: 'newest', app: 'my-app' });
});

test('anything else is refused with what would do', () => {
  for (const word of ['', 'Hello', 'hello#0', 'hello#', '#3', '../etc', 'hello#3x'])
    expect(() => parseDeploymentWord(word), word).toThrow('hello#3');
});
