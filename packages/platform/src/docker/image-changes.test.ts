import { expect, it } from 'vitest';
import { labelChanges, startChanges } from './image-changes.ts';

it('labels survive the quoting of a Dockerfile', () => {
  expect(labelChanges({ a: 'plain', b: 'with "quotes", $HOME and \\' })).toEqual([
    'LABEL "a"="plain"',
    'LABEL "b"="with \\"quotes\\", \\$HOME and \\\\"',
  ]);
});

it('a release starts as the owner of its tree, in its directory', () => {
  expect(startChanges({ user: '1000:1000', workingDirectory: '/app/web', command: ['sh', '-c', 'echo "x"'] })).toEqual([
    'WORKDIR /app/web',
    'USER 1000:1000',
    'ENTRYPOINT ["sh","-c","echo \\"x\\""]',
  ]);
});
