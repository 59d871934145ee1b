import { SwitchyardError } from '@switchyard/domain';
import type { Container } from 'dockerode';
import type { AttemptRef, Layer } from '../platform.ts';
import { archiveOfFiles, selectFromArchive, TREE_ENTRY } from './archive.ts';
import { viewContainer } from './container-spec.ts';
import { asReadable, type Engine } from './engine.ts';
import { isMissing } from './engine-errors.ts';
import { execute } from './exec.ts';
import type { SnapshotImage, Snapshots } from './images.ts';
import { LABEL, type Owner, PLACES, USER } from './names.ts';
import { removeContainer } from './work-container.ts';

interface OpenLayer {
  readonly image: SnapshotImage;
  readonly only: readonly string[] | null;
}

/** How a tree is put together: the image its container starts from, what goes below its files, and what goes over them. */
export interface AssemblyPlan {
  readonly image: string;
  readonly isNewTree: boolean;
  readonly below: readonly OpenLayer[];
  readonly over: readonly OpenLayer[];
}

export async function openLayers(snapshots: Snapshots, layers: readonly Layer[]): Promise<OpenLayer[]> {
  const open: OpenLayer[] = [];
  for (const { snapshot, only } of layers) open.push({ image: await snapshots.open(snapshot), only: only ?? null });
  return open;
}

/** Starts from the largest whole layer that lies on the base, so that a dependency tree is never copied; from the base where there is none. */
export function planAssembly(layers: readonly OpenLayer[], baseId: string): AssemblyPlan {
  const candidates = layers.filter(({ image, only }) => only === null && image.labels[LABEL.base] === baseId);
  const [first] = candidates.toSorted((one, other) => other.image.bytes - one.image.bytes);
  if (first === undefined) return { image: baseId, isNewTree: true, below: [], over: layers };
  const at = layers.indexOf(first);
  return { image: first.image.id, isNewTree: false, below: layers.slice(0, at), over: layers.slice(at + 1) };
}

export interface AssemblyContext {
  readonly owner: Owner;
  readonly attempt: AttemptRef | null;
  /** Breaks the copying off: the engine can't remove a container while it unpacks into it. */
  readonly signal: AbortSignal;
}

/** Calls `action` with a container of the image that is never started, and removes it. */
async function withView<Result>(
  engine: Engine,
  request: { owner: Owner; attempt: AttemptRef | null; image: string },
  action: (container: Container) => Promise<Result>,
): Promise<Result> {
  const container = await engine.createContainer(viewContainer(request));
  try {
    return await action(container);
  } finally {
    await removeContainer(container);
  }
}

/** Calls `put` with a layer's files as an archive of `/`. A snapshot whose tree is empty has no files. */
async function copyLayer(
  engine: Engine,
  layer: OpenLayer,
  context: AssemblyContext,
  put: (archive: NodeJS.ReadableStream) => Promise<unknown>,
): Promise<void> {
  const { owner, attempt } = context;
  await withView(engine, { owner, attempt, image: layer.image.id }, async (view) => {
    const archive = asReadable(await view.getArchive({ path: PLACES.tree }));
    try {
      await put(selectFromArchive(archive, layer.only));
    } finally {
      // Where nobody reads on, the engine would wait with the container's removal.
      archive.destroy();
    }
  });
}

/** Before the container starts: the engine's own unpacking replaces what is there. */
export async function putOver(
  engine: Engine,
  container: Container,
  plan: AssemblyPlan,
  context: AssemblyContext,
): Promise<void> {
  // A base has no tree; the engine would make the directory as root's.
  if (plan.isNewTree) await container.putArchive(archiveOfFiles([{ name: `${TREE_ENTRY}/` }]), { path: '/' });
  for (const layer of plan.over) {
    await copyLayer(engine, layer, context, (archive) =>
      container.putArchive(archive, { path: '/', abortSignal: context.signal }),
    );
  }
}

/** After it has started: what is there already stays. Nearest layer first. */
export async function putBelow(
  engine: Engine,
  container: Container,
  plan: AssemblyPlan,
  context: AssemblyContext,
): Promise<void> {
  const unpack = ['tar', '--extract', '--file=-', '--directory=/', '--skip-old-files', '--preserve-permissions'];
  for (const layer of plan.below.toReversed()) {
    await copyLayer(engine, layer, context, async (archive) => {
      const output: Buffer[] = [];
      const code = await execute(container, {
        command: unpack,
        user: USER,
        input: asReadable(archive),
        onOutput: (chunk) => output.push(chunk),
      });
      if (code !== 0) {
        const words = Buffer.concat(output).toString('utf8').trim().slice(-500);
        throw new SwitchyardError(
          /No space left/i.test(words) ? 'disk-full' : 'engine-refused',
          `A file tree could not be unpacked: ${words}`,
        );
      }
    });
  }
}

export async function existsIn(engine: Engine, owner: Owner, image: string, path: string): Promise<boolean> {
  const place = { path: `${PLACES.tree}/${path}` };
  return await withView(engine, { owner, attempt: null, image }, async (view) => {
    try {
      await view.infoArchive(place);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
    }
    // An answer without a body can't say what was wrong: a file where a directory should be on the way, for one.
    try {
      asReadable(await view.getArchive(place)).destroy();
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  });
}
