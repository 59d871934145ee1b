import { expect, test } from 'vitest';
import { chooseAddress, parseAddress, parseKernelSockets } from './listening-sockets.ts';

test.each([
  ['0100007F', '127.0.0.1'],
  ['00000000', '0.0.0.0'],
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000001000000', '::1'],
  ['0000000000000000FFFF00000100007F', '127.0.0.1'],
])('%s is %s', (hex, address) => {
  expect(parseAddress(hex)).toBe(address);
});

test('only what listens is listed, with its inode', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123456 1 0000000000000000 100 0 0 10 0',
    '   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 123457 1 0000000000000000 20 4 30 10 -1',
  ].join('\n');
  expect(parseKernelSockets(text)).toEqual([{ host: '127.0.0.1', port: 8080, inode: '123456' }]);
});

test.each([
  [[], { host: '127.0.0.1', port: 3000 }],
  [[{ host: '::', port: 3000 }], { host: '127.0.0.1', port: 3000 }],
  [
    [
      { host: '0.0.0.0', port: 9229 },
      { host: '0.0.0.0', port: 3000 },
    ],
    { host: '127.0.0.1', port: 3000 },
  ],
  [[{ host: '0.0.0.0', port: 8080 }], { host: '127.0.0.1', port: 8080 }],
  [[{ host: '::1', port: 8080 }], { host: '::1', port: 8080 }],
])('told 3000 and listening on %j, it is reached at %j', (sockets, address) => {
  expect(chooseAddress(3000, sockets)).toEqual(address);
});
