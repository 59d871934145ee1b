import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Errand } from './child.ts';

/** Starts `child.ts` with an errand, waits until that goes on, and kills the process as hard as it goes. */
export async function runAndKill(errand: Errand): Promise<void> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', loader, '--conditions', '@switchyard/source', script, JSON.stringify(errand)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('ready')) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the errand ended with ${code} before it was ready`)));
    });
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}
