import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const LOOK_EVERY_MS = 100;

/** Of the files below a directory; what goes away meanwhile counts as nothing. */
export async function bytesBelow(directory: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) sum += await bytesBelow(path);
    else sum += (await stat(path).catch(() => ({ size: 0 }))).size;
  }
  return sum;
}

/** A signal that is aborted with `reason()` once a directory has grown by more than so many bytes. `check` looks at once, and throws it. */
export function watchGrowth(
  directory: string,
  maxGrowthBytes: number,
  reason: () => Error,
): { readonly signal: AbortSignal; stop(): void; check(): Promise<void> } {
  const controller = new AbortController();
  const before = bytesBelow(directory);
  const stopped = new AbortController();
  const check = async (): Promise<void> => {
    if ((await bytesBelow(directory)) - (await before) > maxGrowthBytes) controller.abort(reason());
  };
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await check();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS).unref());
    }
  };
  void watch();
  return {
    signal: controller.signal,
    stop: () => stopped.abort(),
    async check() {
      await check();
      controller.signal.throwIfAborted();
    },
  };
}
