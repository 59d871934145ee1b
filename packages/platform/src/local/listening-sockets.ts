import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ListeningSocket } from '../platform.ts';

export interface KernelSocket extends ListeningSocket {
  readonly inode: string;
}

const LISTEN = '0A';

/** The kernel prints addresses as 32-bit words in the host's byte order: `0100007F` is 127.0.0.1. */
export function parseAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)));
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  const text = groups.join(':');
  // Only what apps listen on matters: all, loopback, or one address, which may stay long.
  return text === '0:0:0:0:0:0:0:0' ? '::' : text === '0:0:0:0:0:0:0:1' ? '::1' : text;
}

/** Rows of `/proc/net/tcp` and `tcp6` that listen. */
export function parseKernelSockets(text: string): KernelSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address, port] = local?.split(':') ?? [];
    if (state !== LISTEN || address === undefined || port === undefined || inode === undefined) return [];
    return [{ host: parseAddress(address), port: Number.parseInt(port, 16), inode }];
  });
}

/** All listening TCP sockets of this network namespace. */
export function kernelSockets(): KernelSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      return parseKernelSockets(readFileSync(path, 'utf8'));
    } catch {
      return []; // No IPv6, or not Linux.
    }
  });
}

function socketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // Closed in between.
      }
    });
  } catch {
    return []; // Gone in between.
  }
}

function fromLsof(pids: readonly number[]): ListeningSocket[] {
  try {
    const text = execFileSync('/usr/sbin/lsof', ['-a', '-nP', '-iTCP', '-sTCP:LISTEN', '-p', pids.join(','), '-Fn'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n').flatMap((line) => {
      const [, host, port] = /^n(.*):(\d+)$/.exec(line) ?? [];
      return host === undefined
        ? []
        : [{ host: host === '*' ? '0.0.0.0' : host.replace(/^\[|\]$/g, ''), port: Number(port) }];
    });
  } catch {
    return []; // lsof answers 1 where there is nothing to list.
  }
}

/** The sockets on which these processes listen, and no others'. */
export function socketsOf(pids: readonly number[]): ListeningSocket[] {
  if (pids.length === 0) return [];
  if (process.platform !== 'linux') return fromLsof(pids);
  const own = new Set(pids.flatMap(socketInodes));
  return kernelSockets()
    .filter(({ inode }) => own.has(inode))
    .map(({ host, port }) => ({ host, port }));
}

const EVERYWHERE = new Set(['0.0.0.0', '::', '127.0.0.1']);

/** Where something that was told a port is reached: there, or, when it listens elsewhere only, on its lowest port. */
export function chooseAddress(told: number, sockets: readonly ListeningSocket[]): ListeningSocket {
  const port = sockets.some((socket) => socket.port === told)
    ? told
    : Math.min(...sockets.map((socket) => socket.port));
  const there = sockets.filter((socket) => socket.port === port);
  if (there.length === 0) return { host: '127.0.0.1', port: told };
  if (there.some(({ host }) => EVERYWHERE.has(host))) return { host: '127.0.0.1', port };
  return { host: there[0]?.host ?? '127.0.0.1', port };
}
