import { describe, expect, it } from 'vitest';
import { reachableAddress } from './reachable-address.ts';

describe('on this machine’s network', () => {
  const told = { host: '127.0.0.1', port: 21_000 };

  it.each(['0.0.0.0', '::', '127.0.0.1'])('a listener on %s at the port it was told is reached there', (host) => {
    expect(reachableAddress(told, [{ host, port: 21_000 }])).toEqual({
      kind: 'reachable',
      address: told,
      asTold: true,
    });
  });

  it('one on ::1 only is reached on ::1', () => {
    expect(reachableAddress(told, [{ host: '::1', port: 21_000 }])).toMatchObject({
      address: { host: '::1', port: 21_000 },
    });
  });

  it('one on another port only is reached on that port, the lowest of several', () => {
    const sockets = [
      { host: '::', port: 9_229 },
      { host: '::', port: 3_000 },
    ];
    expect(reachableAddress(told, sockets)).toEqual({
      kind: 'reachable',
      address: { host: '127.0.0.1', port: 3_000 },
      asTold: false,
    });
  });

  it('the port it was told wins over others', () => {
    expect(
      reachableAddress(told, [
        { host: '::', port: 80 },
        { host: '::', port: 21_000 },
      ]),
    ).toMatchObject({ asTold: true, address: told });
  });
});

describe('in a network of its own', () => {
  const told = { host: '172.18.0.5', port: 8_080 };

  it('a listener everywhere is reached at its address', () => {
    expect(reachableAddress(told, [{ host: '0.0.0.0', port: 8_080 }])).toEqual({
      kind: 'reachable',
      address: told,
      asTold: true,
    });
  });

  it('one on loopback only is not reached, and its port is told', () => {
    expect(reachableAddress(told, [{ host: '127.0.0.1', port: 3_000 }])).toEqual({
      kind: 'loopback-only',
      port: 3_000,
    });
  });
});

it('without a socket nothing listens', () => {
  expect(reachableAddress({ host: '127.0.0.1', port: 1 }, [])).toEqual({ kind: 'nothing-listens' });
});
