import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isSigned } from './signature.ts';
import { webhookSecrets } from './webhook-secrets.ts';

const SECRET = 'It’s a Secret to Everybody';
const BODY = Buffer.from('{"ref":"refs/heads/main"}');
const hmac = (secret: string, body: Buffer): string => createHmac('sha256', secret).update(body).digest('hex');

test('the example of GitHub’s documentation is signed', () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  expect(isSigned('github', signature, Buffer.from('Hello, World!'), "It's a Secret to Everybody")).toBe(true);
});

describe.each([
  ['github', `sha256=${hmac(SECRET, BODY)}`],
  ['gitea', hmac(SECRET, BODY)],
  ['gitlab', SECRET],
] as const)('%s', (provider, signature) => {
  test('takes the right signature', () => {
    expect(isSigned(provider, signature, BODY, SECRET)).toBe(true);
  });

  test.each([
    ['none', ''],
    ['a prefix of it', signature.slice(0, -1)],
    ['a longer one', `${signature}0`],
    ['one in capitals', signature.toUpperCase()],
    ['another algorithm', `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}`],
    ['another secret', provider === 'gitlab' ? 'other' : hmac('other', BODY)],
  ])('refuses %s', (_what, wrong) => {
    expect(isSigned(provider, wrong, BODY, SECRET)).toBe(false);
  });
});

test.each(['github', 'gitea'] as const)('%s: a body that differs in one byte is not signed', (provider) => {
  const signature = `${provider === 'github' ? 'sha256=' : ''}${hmac(SECRET, BODY)}`;
  expect(isSigned(provider, signature, Buffer.concat([BODY, Buffer.from('\n')]), SECRET)).toBe(false);
});

test('a secret belongs to one app, one generation and one key', () => {
  const secrets = webhookSecrets(Buffer.alloc(32, 1));
  const secret = secrets.secretOf('app_aaaaaa', 1);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(secrets.secretOf('app_aaaaaa', 1)).toBe(secret);
  const others = [
    secrets.secretOf('app_aaaaaa', 2),
    secrets.secretOf('app_bbbbbb', 1),
    webhookSecrets(Buffer.alloc(32, 2)).secretOf('app_aaaaaa', 1),
  ];
  expect(new Set([secret, ...others]).size).toBe(4);
});
