import { SwitchyardError } from '@switchyard/domain';

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** Node's code, and what `cp` and Git print: `cp: error writing 'x': No space left on device`. */
function saysDiskFull(error: unknown): boolean {
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) return true;
  const text = error instanceof Error ? `${error.message}\n${'stderr' in error ? String(error.stderr) : ''}` : '';
  return /No space left on device|Disk quota exceeded/.test(text);
}

/** Does what writes to the data directory; a full disk becomes the catalogue's error. */
export async function onDisk<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!saysDiskFull(error)) throw error;
    throw new SwitchyardError(
      'disk-full',
      `No space is left on the disk of the data directory (${doing}). Free some, or give it a larger one.`,
      {},
      error,
    );
  }
}
