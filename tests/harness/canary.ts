import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RedisServer } from './redis.ts';

const LOOK_EVERY_MS = 20;

/** A secret that can be recognized wherever it turns up, in whatever form. */
export interface Canary {
  /** With characters that URLs and JSON escape. */
  readonly value: string;
  /** What of it any form shows. */
  readonly traces: readonly string[];
}

export function newCanary(): Canary {
  const core = `canary${randomBytes(16).toString('hex')}`;
  const value = `${core} "/+ü?&${core.slice(6)}`;
  // Whole groups of base64, wherever the value begins in what was encoded.
  const encoded = ['', 'a', 'ab'].map((before) =>
    Buffer.from(before + value)
      .toString('base64')
      .slice(4, 40),
  );
  return { value, traces: [core, ...encoded, ...encoded.map((text) => text.replace(/\+/g, '-').replace(/\//g, '_'))] };
}

export function holdsTrace(content: Buffer | string, canaries: readonly Canary[]): boolean {
  return canaries.some(({ traces }) => traces.some((trace) => content.includes(trace)));
}

/** Files below a directory that hold a trace in their content or name. */
export async function filesWithTrace(directory: string, canaries: readonly Canary[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (holdsTrace(entry.name, canaries)) found.push(path);
    else if (entry.isFile() && holdsTrace(await readFile(path).catch(() => ''), canaries)) found.push(path);
  }
  return found;
}

/** Everything that a Redis is told from now on, reads and messages included; its append-only file has every write since its start. */
export function listenToRedis({ port, password }: RedisServer): { heard(): Buffer; stop(): void } {
  const pieces: Buffer[] = [];
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('data', (piece) => pieces.push(piece));
  socket.on('error', () => undefined);
  socket.write(`AUTH ${password}\r\nMONITOR\r\n`);
  return { heard: () => Buffer.concat(pieces), stop: () => void socket.destroy() };
}

/** Looks at the command line of every process again and again until it is stopped; answers those that held a trace. Linux. */
export function watchCommandLines(canaries: readonly Canary[]): {
  stop(): Promise<{ looks: number; found: string[] }>;
} {
  const found = new Set<string>();
  let looks = 0;
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      for (const name of await readdir('/proc')) {
        if (!/^\d+$/.test(name)) continue;
        const line = await readFile(`/proc/${name}/cmdline`).catch(() => Buffer.alloc(0));
        if (holdsTrace(line, canaries)) found.add(line.toString().replaceAll('\0', ' '));
      }
      looks += 1;
      await pause(LOOK_EVERY_MS);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await watching;
      return { looks, found: [...found] };
    },
  };
}
