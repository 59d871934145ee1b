import { z } from 'zod';
import { asReadable, type Engine, unlessMissing } from './engine.ts';
import { engineError, isEngineGone } from './engine-errors.ts';

export interface PresentImage {
  readonly id: string;
  readonly tag: string;
  /** PATH that the image sets. */
  readonly path: string;
  /** Variables that the image sets and commands don't get, such as its own version: their environment is what was asked for. */
  readonly hidden: readonly string[];
}

const SHOWN = new Set(['PATH', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']);
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function presentImage(engine: Engine, tag: string): Promise<PresentImage | null> {
  const image = await unlessMissing(engine.getImage(tag).inspect());
  if (image === null) return null;
  const env = image.Config.Env ?? [];
  const path = env.find((variable) => variable.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  const names = env.map((variable) => variable.split('=', 1)[0] ?? '');
  return { id: image.Id, tag, path, hidden: names.filter((name) => !SHOWN.has(name)) };
}

const Progress = z.object({ status: z.string().optional(), id: z.string().optional(), error: z.string().optional() });

/** Pulls an image; null when it came, else the engine's words. Lines of progress go to `onOutput` but for the counting of bytes. */
export async function pullImage(
  engine: Engine,
  tag: string,
  options: { signal: AbortSignal; onOutput: (chunk: Buffer) => void },
): Promise<string | null> {
  options.onOutput(Buffer.from(`Pulling ${tag}\n`));
  try {
    const stream = asReadable(await engine.pull(tag, { abortSignal: options.signal }));
    const destroy = () => stream.destroy(new DOMException('The pull was aborted', 'AbortError'));
    options.signal.addEventListener('abort', destroy, { once: true });
    let text = '';
    let failure: string | null = null;
    try {
      for await (const chunk of stream) {
        text += String(chunk);
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) failure = report(line, options.onOutput) ?? failure;
      }
    } finally {
      options.signal.removeEventListener('abort', destroy);
    }
    return failure;
  } catch (error) {
    options.signal.throwIfAborted();
    // With the engine gone there is no use in trying another image.
    if (isEngineGone(error)) throw error;
    return engineError(error, `pulling ${tag}`).message;
  }
}

function report(line: string, onOutput: (chunk: Buffer) => void): string | null {
  if (line.trim() === '') return null;
  const progress = Progress.safeParse(JSON.parse(line));
  if (!progress.success) return null;
  const { status, id, error } = progress.data;
  if (error !== undefined) return error;
  if (status !== undefined && /^(Pull complete|Status:|Digest:)/.test(status)) {
    onOutput(Buffer.from(`${id === undefined ? '' : `${id}: `}${status}\n`));
  }
  return null;
}
