import { VERIFICATION_PATH } from '@switchyard/domain';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpInstance, RouterUnderTest, type TestInstance } from './testing/router-under-test.ts';

let router: RouterUnderTest;
let instance: TestInstance;
const reached: string[] = [];

beforeAll(async () => {
  router = await RouterUnderTest.start();
  instance = await httpInstance((request, response) => {
    reached.push(request.url ?? '');
    response.end('switchyard=token');
  });
  router.use({ host: 'app.localhost', instances: { 1: [instance.port] } });
});

afterAll(async () => {
  await router.close();
  await instance.close();
});

const ask = (target: string, headers = ''): Promise<string> =>
  router.exchange(`GET ${target} HTTP/1.1\r\nHost: app.localhost\r\n${headers || 'Connection: close\r\n'}\r\n`);

it.each([
  ['its path', VERIFICATION_PATH, ''],
  ['its path with a query', `${VERIFICATION_PATH}?now=1`, ''],
  ['its whole address', `http://app.localhost${VERIFICATION_PATH}`, ''],
  ['an upgrade', VERIFICATION_PATH, 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
])('no app answers for the file that proves a host, asked by %s', async (_how, target, headers) => {
  expect(await ask(target, headers)).toMatch(/^HTTP\/1\.1 404 /);
  expect(reached).toEqual([]);
});

it.each(['/.well-known/switchyard-verification.txt.old', '/.well-known/security.txt', '/'])(
  'what is beside it is the app’s: %s',
  async (path) => {
    expect(await ask(path)).toContain('switchyard=token');
    expect(reached.splice(0)).toEqual([path]);
  },
);
