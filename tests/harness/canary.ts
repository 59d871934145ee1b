import { randomInt } from 'node:crypto';
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

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** So long that no piece occurs by chance, so short that half a secret shows one. */
const PIECE_LENGTH = 10;

const letters = (count: number): string =>
  Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('');

function piecesOf(text: string, pieceLength = PIECE_LENGTH): string[] {
  const count = Math.floor(text.length / pieceLength);
  return Array.from({ length: count }, (_, index) => text.slice(index * pieceLength, (index + 1) * pieceLength));
}

/** A secret of letters and digits alone, whole or in pieces, raw or in base64, wherever it begins in what was encoded. */
function tracesOf(core: string): string[] {
  const encoded = ['', 'a', 'ab'].flatMap((before) => {
    const whole = Buffer.from(before + core).toString('base64');
    return piecesOf(whole.slice(4, -4));
  });
  return [...piecesOf(core), ...encoded];
}

/** A secret whose two halves have between them what URLs and JSON escape, each in its own way. */
export function newCanary(): Canary {
  const [first, second] = [`canary${letters(34)}`, letters(20)];
  return { value: `${first} "/+ü?&<${second}`, traces: [...tracesOf(first), ...tracesOf(second)] };
}

/** A secret as forges make tokens: no spaces, nothing beyond ASCII. */
export function newToken(): Canary {
  const { value, traces } = newCanary();
  return { value: value.replace(/[^\x21-\x7e]/g, ''), traces };
}

/** A secret that Switchyard has made. */
export function canaryOf(value: string): Canary {
  return { value, traces: tracesOf(value) };
}

/** Before the private half of an ed25519 key stands its length; its first 32 bytes are the secret. */
const PRIVATE_HALF_LENGTH = Buffer.from([0, 0, 0, 64]);

/** The secret part of an ed25519 key as OpenSSH writes it, in whatever encoding, and the format itself. */
export function canaryOfPrivateKey(text: string): Canary {
  const bytes = Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64');
  const at = bytes.indexOf(PRIVATE_HALF_LENGTH);
  if (at < 0) throw new Error('that is no ed25519 key');
  const seed = bytes.subarray(at + 4, at + 36);
  const encoded = [0, 1, 2].flatMap((shift) =>
    piecesOf(
      Buffer.concat([Buffer.alloc(shift), seed])
        .toString('base64')
        .slice(4, -4),
    ),
  );
  const format = Buffer.from('openssh-key-v1').toString('base64').slice(0, 16);
  const formatInBase64 = Buffer.from(format).toString('base64').slice(0, 20);
  return { value: text, traces: ['OPENSSH PRIVATE KEY', format, formatInBase64, seed.toString('hex'), ...encoded] };
}

const EXCERPT_LENGTH = 60;

/** Answers the first trace with what stands around it, or null. One pattern for all: files of a hundred megabytes are looked through. */
export function traceFinder(canaries: readonly Canary[]): (content: Buffer | string) => string | null {
  // Letters and digits, and what base64 has besides.
  const traces = canaries.flatMap((canary) => canary.traces.map((trace) => trace.replaceAll('+', String.raw`\+`)));
  const pattern = new RegExp(traces.length === 0 ? '(?!)' : traces.join('|'));
  return (content) => {
    const text = typeof content === 'string' ? content : content.toString('latin1');
    const at = text.search(pattern);
    return at < 0 ? null : text.slice(Math.max(0, at - EXCERPT_LENGTH), at + EXCERPT_LENGTH);
  };
}

export function holdsTrace(content: Buffer | string, canaries: readonly Canary[]): boolean {
  return traceFinder(canaries)(content) !== null;
}

/** Files below a directory that hold a trace in their content or name. */
export async function filesWithTrace(directory: string, canaries: readonly Canary[]): Promise<string[]> {
  const found: string[] = [];
  const trace = traceFinder(canaries);
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (trace(entry.name) !== null) found.push(path);
    else if (entry.isFile() && trace(await readFile(path).catch(() => '')) !== null) found.push(path);
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
  const holds = (line: Buffer): boolean => holdsTrace(line, canaries);
  const watching = (async () => {
    while (!ending.signal.aborted) {
      for (const name of await readdir('/proc')) {
        if (!/^\d+$/.test(name)) continue;
        const line = await readFile(`/proc/${name}/cmdline`).catch(() => Buffer.alloc(0));
        if (holds(line)) found.add(line.toString().replaceAll('\0', ' '));
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
