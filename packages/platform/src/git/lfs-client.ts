import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ErrorCode, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import type { Egress } from '../network/egress.ts';
import { fetchThrough } from '../network/fetch.ts';
import type { LfsPointer } from './lfs-pointer.ts';

/** Where a repository's LFS server is, and what it is shown. */
export interface LfsServer {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LfsOptions {
  readonly egress: Egress;
  readonly certificates: string | null;
  readonly signal: AbortSignal | undefined;
}

const TYPE = 'application/vnd.git-lfs+json';
const BATCH = 100;
const AT_ONCE = 4;
/** Of an answer about files; one file's part has some hundred bytes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

const Answer = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      error: z.object({ code: z.int(), message: z.string().default('') }).optional(),
      actions: z
        .object({
          download: z.object({ href: z.string(), header: z.record(z.string(), z.string()).default({}) }).optional(),
        })
        .optional(),
    }),
  ),
});

/**
 * Fetches LFS objects into a directory by their names, where they are kept. The protocol's batch API with its basic transfer, which every server
 * speaks; each content is checked against its name before it counts.
 */
export async function fetchObjects(
  server: LfsServer,
  objects: readonly LfsPointer[],
  directory: string,
  options: LfsOptions,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const wanted = [...new Map(objects.map((object) => [object.oid, object])).values()].filter(
    ({ oid }) => !existsSync(join(directory, oid)),
  );
  for (let at = 0; at < wanted.length; at += BATCH) {
    const batch = wanted.slice(at, at + BATCH);
    const answer = await askForObjects(server, batch, options);
    const waiting = batch.map((object) => ({ object, offer: answer.objects.find(({ oid }) => oid === object.oid) }));
    await inLanes(options.signal, async (signal) => {
      for (let next = waiting.pop(); next !== undefined && !signal.aborted; next = waiting.pop()) {
        const download = next.offer?.actions?.download;
        if (download === undefined)
          throw missing(next.object, next.offer?.error?.message ?? 'the server does not have it');
        await downloadObject(server, { ...next.object, ...download }, directory, { ...options, signal });
      }
    });
  }
}

/** The first failure ends all lanes; rejects with it when none is left. */
async function inLanes(signal: AbortSignal | undefined, lane: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const lanes = Array.from({ length: AT_ONCE }, () =>
    lane(either).catch((error: unknown) => {
      failed.abort(error);
    }),
  );
  await Promise.all(lanes);
  failed.signal.throwIfAborted();
}

function missing({ oid }: LfsPointer, why: string): SwitchyardError {
  return new SwitchyardError(
    'lfs-object-missing',
    `The file of Git LFS ${oid.slice(0, 12)}… can't be fetched: ${why.slice(0, 200)}. Push it from a clone that has it: git lfs push --all origin.`,
    { oid },
  );
}

async function askForObjects(
  { url, headers }: LfsServer,
  objects: readonly LfsPointer[],
  options: LfsOptions,
): Promise<z.infer<typeof Answer>> {
  const body = JSON.stringify({
    operation: 'download',
    transfers: ['basic'],
    objects: objects.map(({ oid, bytes }) => ({ oid, size: bytes })),
  });
  const address = new URL(`${url.href.replace(/\/+$/, '')}/objects/batch`);
  const response = await fetchThrough(options.egress, address, {
    ...options,
    method: 'POST',
    headers: { ...headers, accept: TYPE, 'content-type': TYPE },
    body,
  });
  const said = await textOf(address, response);
  if (response.statusCode === 200) {
    const answer = Answer.safeParse(parseJson(said));
    if (answer.success) return answer.data;
  }
  throw refusal(address, response);
}

/** An answer's text, as far as it may go. */
async function textOf({ host }: URL, response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SwitchyardError(
      'source-unreachable',
      `${host} answered about files of Git LFS, and then: ${reason}.`,
      {},
      error,
    );
  }
  return Buffer.concat(pieces).toString();
}

/** By what the server answered. */
function refusal(address: URL, { statusCode = 0 }: IncomingMessage): SwitchyardError {
  const [code, advice]: [ErrorCode, string] =
    statusCode === 401 || statusCode === 403
      ? ['source-denied', 'The repository’s credential may not read its files of Git LFS.']
      : statusCode === 429 || statusCode >= 500
        ? ['source-unreachable', 'It is tried again.']
        : ['lfs-object-missing', 'The host does not serve Git LFS for this repository.'];
  return new SwitchyardError(code, `${address.host} answered ${statusCode} when asked for files of Git LFS. ${advice}`);
}

async function downloadObject(
  server: LfsServer,
  { oid, bytes, href, header }: LfsPointer & { href: string; header: Readonly<Record<string, string>> },
  directory: string,
  options: LfsOptions,
): Promise<void> {
  if (!URL.canParse(href)) throw missing({ oid, bytes }, 'the server’s answer holds no address');
  const url = new URL(href);
  // What the answer says is to be shown; only the server's own origin is shown its credential unasked.
  const headers = Object.keys(header).length === 0 && url.origin === server.url.origin ? server.headers : header;
  const response = await fetchThrough(options.egress, url, { ...options, method: 'GET', headers });
  if (response.statusCode !== 200) {
    response.resume();
    if (response.statusCode === 404 || response.statusCode === 410)
      throw missing({ oid, bytes }, 'the server does not have it');
    throw refusal(url, response);
  }
  const beside = join(directory, `.${oid}-${randomBytes(4).toString('hex')}`);
  const hash = createHash('sha256');
  let count = 0;
  try {
    await pipeline(
      response,
      async function* check(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          count += chunk.length;
          if (count > bytes) throw missing({ oid, bytes }, 'it is larger than its pointer says');
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(beside, { mode: 0o600 }),
    );
    if (count !== bytes || hash.digest('hex') !== oid)
      throw missing({ oid, bytes }, 'what came is not what its name says');
    await rename(beside, join(directory, oid));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof SwitchyardError) throw error;
    throw new SwitchyardError(
      'source-unreachable',
      `${url.host}: ${error instanceof Error ? error.message : String(error)}.`,
      {},
      error,
    );
  } finally {
    await rm(beside, { force: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
