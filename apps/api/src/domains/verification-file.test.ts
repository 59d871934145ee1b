import { createServer, type RequestListener, type Server } from 'node:http';
import { LIMITS, VERIFICATION_PATH } from '@switchyard/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { verificationFiles } from './verification-file.ts';

const HOST = 'shop.example.test';
let server: Server;
let port: number;
let answer: RequestListener;
/** Paths with the host that they were asked of. */
const asked: string[] = [];
/** Names that addresses were looked up of. */
let lookedUp: string[] = [];
let addresses: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.headers.host}${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = z.object({ port: z.int() }).parse(server.address()).port;
});

beforeEach(() => {
  asked.length = 0;
  lookedUp = [];
  addresses = ['127.0.0.1'];
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const files = (allowPrivate: readonly string[] = [HOST], timeoutMs?: number) =>
  verificationFiles({
    async lookUpAddresses(host) {
      lookedUp.push(host);
      return addresses;
    },
    allowPrivate,
    port,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

const redirectTo =
  (location: string, status = 302): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { location }).end('switchyard=token');

describe('a host’s verification file', () => {
  it('is fetched from the host by its name, and trimmed', async () => {
    answer = (_request, response) => response.end('switchyard=token\r\n');
    expect(await files()(HOST)).toEqual({ content: 'switchyard=token' });
    expect(asked).toEqual([`${HOST}:${port}${VERIFICATION_PATH}`]);
    expect(lookedUp).toEqual([HOST]);
  });

  it.each([
    ['another host', `http://other.example.test${VERIFICATION_PATH}`],
    ['another host over https', `https://other.example.test${VERIFICATION_PATH}`],
    ['another path', `https://${HOST}/other.txt`],
    ['another port', `https://${HOST}:8443${VERIFICATION_PATH}`],
    ['itself', `http://${HOST}${VERIFICATION_PATH}`],
    ['no address', 'http://['],
  ])('is not followed to %s', async (_where, location) => {
    answer = redirectTo(location);
    expect(await files()(HOST)).toEqual({ problem: expect.stringContaining('redirects elsewhere') });
    expect(asked).toHaveLength(1);
    expect(lookedUp).toEqual([HOST]);
  });

  it('is followed to the same file over https, whose address is looked up and checked anew', async () => {
    answer = (request, response) => {
      addresses = [];
      redirectTo(`https://${HOST}${VERIFICATION_PATH}`)(request, response);
    };
    expect(await files()(HOST)).toEqual({ problem: expect.stringContaining('no address') });
    expect(lookedUp).toEqual([HOST, HOST]);
  });

  it('proves nothing with another status', async () => {
    answer = (_request, response) => void response.writeHead(404).end('switchyard=token');
    expect(await files()(HOST)).toEqual({ problem: 'answers with status 404' });
  });

  it('is read up to its limit', async () => {
    answer = (_request, response) => response.end('x'.repeat(LIMITS.maxVerificationFileBytes));
    expect(await files()(HOST)).toEqual({ content: 'x'.repeat(LIMITS.maxVerificationFileBytes) });
    answer = (_request, response) => {
      const more = (): void => void (response.destroyed || response.write('x'.repeat(500), () => setImmediate(more)));
      more();
    };
    expect(await files()(HOST)).toEqual({ problem: expect.stringContaining('larger than 1024 bytes') });
  });

  it.each<[string, RequestListener]>([
    ['silent', () => undefined],
    [
      'slow',
      (_request, response) => {
        response.write('s');
        const drip = setInterval(() => response.write('.'), 20);
        response.once('close', () => clearInterval(drip));
      },
    ],
  ])('is not waited for when the host is %s', async (_how, listener) => {
    answer = listener;
    expect(await files([HOST], 200)(HOST)).toEqual({ problem: 'did not come in time' });
  });

  it.each([['127.0.0.1'], ['10.1.2.3'], ['169.254.169.254'], ['::1'], ['fd00::1'], ['::ffff:127.0.0.1']])(
    'is not asked for at %s unless the operator names the host',
    async (address) => {
      addresses = [address];
      expect(await files([])(HOST)).toEqual({ problem: expect.stringContaining('private address') });
      expect(await files(['other.example.test'])(HOST)).toHaveProperty('problem');
      expect(asked).toEqual([]);
    },
  );

  it('of a name without an address, or where nobody listens, is said to be out of reach', async () => {
    addresses = [];
    expect(await files()(HOST)).toEqual({ problem: expect.stringContaining('no address') });
    addresses = ['127.0.0.2'];
    expect(await files()(HOST)).toEqual({ problem: expect.stringContaining('not reached') });
  });

  it('is asked of so many hosts at once, and of more when those are through', async () => {
    const waiting: (() => void)[] = [];
    answer = (_request, response) => void waiting.push(() => response.end('switchyard=token'));
    const fetchFile = files();
    const first = Array.from({ length: LIMITS.maxVerificationFilesAtOnce }, () => fetchFile(HOST));
    expect(await fetchFile(HOST)).toEqual({ problem: expect.stringContaining('try again') });
    await expect.poll(() => waiting.length).toBe(LIMITS.maxVerificationFilesAtOnce);
    for (const end of waiting) end();
    for (const file of await Promise.all(first)) expect(file).toEqual({ content: 'switchyard=token' });
    answer = (_request, response) => response.end('switchyard=token');
    expect(await fetchFile(HOST)).toEqual({ content: 'switchyard=token' });
  });
});
