import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { ApiError, type Client, type UploadView } from '@switchyard/client';
import { AppName, LIMITS, type Reuse } from '@switchyard/domain';
import { CommandError } from './command-error.ts';
import type { Context } from './commands.ts';
import { type Folder, listFolder } from './folder/list-folder.ts';
import { packFolder } from './folder/pack-folder.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { Terminal } from './terminal.ts';

export interface FolderOptions extends FollowOptions {
  readonly app?: string;
  readonly create?: boolean;
  readonly reuse?: Reuse;
}

const PROGRESS_MS = 200;

/** Whether the word of `deploy` is a directory and no app: no app's name has a dot or a slash. */
export function isFolderWord(word: string): boolean {
  return /[./\\~]/.test(word);
}

/** Packs a folder, sends it and deploys it. */
export async function deployFolder(context: Context, word: string, options: FolderOptions): Promise<number> {
  const { client, terminal } = context;
  const directory = resolve(word);
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new CommandError(`There is no directory ${word}.`);
  const app = options.app ?? nameFor(directory);
  // Before anything is packed: a name that is wrong is found at once.
  await ensureApp(context, app, options);
  const upload = await send(client, terminal, app, await listFolder(directory));
  const { reuse } = options;
  const request = { upload: upload.id, ...(reuse === undefined ? {} : { reuse }) };
  return await follow(client, terminal, await client.deploy(app, request), options);
}

/** An app's name from its folder's: `My Shop` → `my-shop`. */
function nameFor(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, LIMITS.maxNameLength)
    .replace(/-+$/, '');
  if (AppName.safeParse(name).success) return name;
  throw new CommandError(`Which app is ${directory}? \`--app NAME\` says it.`);
}

async function ensureApp(
  { client, terminal }: Context,
  app: string,
  { create, app: said }: FolderOptions,
): Promise<void> {
  try {
    await client.app(app);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'app-not-found') throw error;
    if (create === true) {
      await client.createApp({ name: app });
      terminal.note(`Made the app ${app}.`);
      return;
    }
    const others = (await client.listApps().catch(() => [])).map(({ name }) => name);
    const known = others.length === 0 ? '' : ` Apps: ${others.join(', ')}.`;
    const whence = said === undefined ? ', the folder’s name' : '';
    throw new CommandError(
      `There is no app ${app}${whence}. \`--create\` makes it, \`--app NAME\` names another.${known}`,
    );
  }
}

async function send(client: Client, terminal: Terminal, app: string, folder: Folder): Promise<UploadView> {
  const files = `${folder.items.length} ${folder.items.length === 1 ? 'file' : 'files'}`;
  terminal.note(`Packing ${files}, ${sizeOf(folder.bytes)}.`);
  for (const path of folder.leftOut) terminal.note(`${path} is no file and is left out.`);
  let sent = 0;
  let saidAt = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      if (terminal.now() - saidAt >= PROGRESS_MS) {
        saidAt = terminal.now();
        terminal.progress(`Sending … ${sizeOf(sent)}`);
      }
      done(null, chunk);
    },
  });
  const archive = packFolder(folder);
  let broken: unknown = null;
  archive.once('error', (error) => {
    broken = error;
    counted.destroy(error);
  });
  archive.pipe(counted);
  try {
    const upload = await client.upload(app, Readable.toWeb(counted) as ReadableStream<Uint8Array>);
    terminal.progress(null);
    terminal.note(`Sent ${sizeOf(upload.bytes)}.`);
    return upload;
  } catch (error) {
    terminal.progress(null);
    throw broken ?? error;
  } finally {
    archive.destroy();
    counted.destroy();
  }
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
