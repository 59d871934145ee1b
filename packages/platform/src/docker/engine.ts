import { Duplex, Readable } from 'node:stream';
import Docker from 'dockerode';
import { isMissing } from './engine-errors.ts';

export type Engine = Docker;

/** The engine at `DOCKER_HOST`, or at the usual socket; nothing is asked of it yet. */
export function openEngine(): Engine {
  return new Docker();
}

/** What an inspection answers, or null where there is no such thing. */
export async function unlessMissing<Result>(inspection: Promise<Result>): Promise<Result | null> {
  try {
    return await inspection;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** dockerode types what comes off the connection as the older interfaces. */
export function asReadable(stream: NodeJS.ReadableStream): Readable {
  if (stream instanceof Readable) return stream;
  throw new TypeError('The engine’s client answered with a stream that is not Node’s');
}

export function asDuplex(stream: NodeJS.ReadableStream): Duplex {
  if (stream instanceof Duplex) return stream;
  throw new TypeError('The engine’s client answered with a stream that can’t be written to');
}
