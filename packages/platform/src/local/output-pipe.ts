import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { AppUser } from './app-user.ts';
import { findProgram } from './guard.ts';

/**
 * One pipe for stdout and stderr together, so that their order is kept. Node's own pipes are sockets, on which `echo > /dev/stderr`
 * fails; this is a real one, made as a named pipe that loses its name at once.
 */
export interface OutputPipe {
  /** For the child's stdout and stderr. */
  readonly writeEnd: number;
  /** Closes our write end and resolves at end of file, or after `limitMs` where something still holds the other one. */
  drain(limitMs: number): Promise<void>;
}

/** `user` may open it again by name (`/dev/stderr`). */
export async function openOutputPipe(
  path: string,
  user: AppUser | null,
  onOutput: (chunk: Buffer) => void,
): Promise<OutputPipe> {
  await promisify(execFile)(findProgram('mkfifo') ?? 'mkfifo', ['-m', '600', path]);
  if (user !== null) await chown(path, user.uid, user.uid);
  // A reader that does not block comes first: a writer's open waits for one.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  await rm(path);
  const socket = new Socket({ fd: readEnd, readable: true, writable: false });
  socket.on('data', onOutput);
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });
  return {
    writeEnd,
    async drain(limitMs) {
      closeSync(writeEnd);
      const timer = setTimeout(() => socket.destroy(), limitMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
