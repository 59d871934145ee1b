import { randomBytes } from 'node:crypto';
import type { SealedSourceCredential } from '@switchyard/domain';
import { expect, test } from 'vitest';
import { secretBox } from './secret-box.ts';
import { openSourceCredential, sealSourceCredential } from './source-credentials.ts';

const box = secretBox(randomBytes(32));
const owner = { farmId: 'farm_1', appId: 'app_1' };
const bound = { kind: 'token', host: 'git.example.org', username: 'me' } as const;
const record: SealedSourceCredential = {
  v: 1,
  ...bound,
  publicKey: null,
  fingerprint: 'x',
  setAt: 0,
  sealed: sealSourceCredential(box, owner, bound, 'hunter2'),
};

test('a credential opens where it was sealed', () => {
  expect(openSourceCredential(box, owner, record)).toEqual({ ...bound, token: 'hunter2' });
});

test.each<[string, Partial<SealedSourceCredential>, Partial<typeof owner>]>([
  ['for another host', { host: 'git.evil.test' }, {}],
  ['as another kind', { kind: 'deploy-key' }, {}],
  ['under another user name', { username: 'you' }, {}],
  ['for another app', {}, { appId: 'app_2' }],
  ['on another farm', {}, { farmId: 'farm_2' }],
  ['when it was changed', { sealed: `${record.sealed.slice(0, -4)}AAAA` }, {}],
])('it does not open %s, and the reason does not tell it', (_, change, otherOwner) => {
  expect(() => openSourceCredential(box, { ...owner, ...otherOwner }, { ...record, ...change })).toThrow(
    expect.objectContaining({ code: 'source-credential-unreadable', message: expect.not.stringContaining('hunter2') }),
  );
});

test('it does not open with another key', () => {
  expect(() => openSourceCredential(secretBox(randomBytes(32)), owner, record)).toThrow(
    expect.objectContaining({ code: 'source-credential-unreadable' }),
  );
});
