import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Container } from 'dockerode';
import { FrameReader } from './frames.ts';

export interface ExecRequest {
  readonly command: readonly string[];
  readonly user: string;
  /** Goes to the process alone: an exec's environment is neither inspected nor committed, unlike a container's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Readable;
  readonly onOutput?: (chunk: Buffer) => void;
}

/** Runs a process in a container that runs; its exit code. The container's end is an exit code as well: 137. */
export async function execute(container: Container, request: ExecRequest): Promise<number> {
  const { input, onOutput } = request;
  const exec = await container.exec({
    Cmd: [...request.command],
    User: request.user,
    Env: Object.entries(request.env ?? {}).map(([name, value]) => `${name}=${value}`),
    AttachStdin: input !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
  });
  const stream = await exec.start({ hijack: true, stdin: input !== undefined });
  const frames = new FrameReader();
  const ended = drain(stream, (chunk) => {
    if (onOutput) for (const { part } of frames.read(chunk)) onOutput(part);
  });
  if (input) {
    // A process that ends before it has read everything says why by its exit code.
    await pipeline(input, stream).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
    });
  }
  await ended;
  const { ExitCode } = await exec.inspect();
  return ExitCode ?? 137;
}

function drain(stream: Duplex, onChunk: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', onChunk);
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.once('error', reject);
  });
}

/** Its output as text, when it succeeds. */
export async function executeForText(
  container: Container,
  request: Omit<ExecRequest, 'onOutput'>,
): Promise<{ code: number; text: string }> {
  const chunks: Buffer[] = [];
  const code = await execute(container, { ...request, onOutput: (chunk) => chunks.push(chunk) });
  return { code, text: Buffer.concat(chunks).toString('utf8') };
}
