import { LIMITS } from '@switchyard/domain';
import type { Response } from 'express';
import type { Readers } from './readers.ts';

/** What is sent at once. */
export interface Batch {
  /** Whether it has just happened: then it is sent at once, and a reader that is behind is cut. */
  readonly live: boolean;
}

export interface StreamFormat<Sent extends Batch> {
  readonly type: string;
  /** Sent first, so that the reader knows that it is connected. */
  readonly greeting?: string;
  /** Sent when nothing else was for a while; none where the format has no place for it. */
  readonly heartbeat?: string;
  /**
   * Sent to a reader when the api leaves: it connects again and goes on where it was. A format without one has no word for that: its
   * readers stay until the api's deadline and are cut then, so that no half answer looks like a whole one.
   */
  readonly farewell?: string;
  /** What a batch comes to; empty text sends nothing. */
  readonly encode: (batch: Sent) => string | Buffer;
  /** Whether the stream ends after this batch although more may come. */
  readonly isLast?: (batch: Sent) => boolean;
}

/**
 * Sends batches to one reader until they end, the reader leaves, or the api stops.
 *
 * What is over is sent at the reader's pace. What happens now is sent at once: a reader that falls behind by more than
 * `LIMITS.maxReaderBacklogBytes`, or takes nothing for `LIMITS.readerStallTimeoutMs`, is cut, so that it delays nobody; it may resume.
 */
export async function sendStream<Sent extends Batch>(
  response: Response,
  readers: Readers,
  format: StreamFormat<Sent>,
  batches: (signal: AbortSignal) => AsyncIterable<Sent>,
): Promise<void> {
  const reader = readers.join({ resumes: format.farewell !== undefined });
  const over = new AbortController();
  const signal = AbortSignal.any([reader.signal, over.signal]);
  const leave = (): void => over.abort();
  response.on('close', leave);
  const pulse = setInterval(() => watch.tick(), LIMITS.readerHeartbeatMs / 3);
  const watch = watchReader(response, format.heartbeat);

  try {
    const source = batches(signal)[Symbol.asyncIterator]();
    // Reading has to work before the answer begins: until then a failure is a problem document.
    let next = await source.next();
    response.status(200).set({
      'Content-Type': format.type,
      'Cache-Control': 'no-store, no-transform',
      // For nginx, which otherwise keeps a stream back until it has enough.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    if (format.greeting !== undefined) response.write(format.greeting);
    for (; next.done !== true && !response.destroyed; next = await source.next()) {
      const bytes = format.encode(next.value);
      const isRoomLeft = bytes.length === 0 || response.write(bytes);
      if (next.value.live) watch.cutIfBehind();
      else if (!isRoomLeft) await roomIn(response, signal);
      if (format.isLast?.(next.value) === true) break;
    }
    await source.return?.();
    if (reader.signal.aborted && format.farewell !== undefined) response.write(format.farewell);
    response.end();
  } finally {
    clearInterval(pulse);
    response.off('close', leave);
    over.abort();
    reader.leave();
  }
}

interface ReaderWatch {
  /** Keeps a quiet stream alive, and cuts a reader that has taken nothing for too long. */
  tick(): void;
  cutIfBehind(): void;
}

function watchReader(response: Response, heartbeat: string | undefined): ReaderWatch {
  let taken = 0;
  let takenAt = performance.now();
  return {
    tick() {
      const now = performance.now();
      const sent = response.socket?.bytesWritten ?? 0;
      if (response.writableLength === 0 || sent > taken) takenAt = now;
      const isQuiet = sent === taken;
      taken = sent;
      if (now - takenAt > LIMITS.readerStallTimeoutMs) response.destroy();
      else if (isQuiet && heartbeat !== undefined && response.headersSent) response.write(heartbeat);
    },
    cutIfBehind() {
      if (response.writableLength > LIMITS.maxReaderBacklogBytes) response.destroy();
    },
  };
}

/** Waits until the reader has taken what was sent, or is cut. */
async function roomIn(response: Response, signal: AbortSignal): Promise<void> {
  if (response.destroyed || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
