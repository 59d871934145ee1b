import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { SwitchyardError } from '@switchyard/domain';

const KEY_BYTES = 32;

/**
 * The key from which secrets are derived: 32 random bytes as hex in a file of mode 600, made when missing. Rejects with
 * `config-invalid` when the file holds something else: another key in its place would make everything that hangs on it worthless.
 */
export async function readSecretKey(file: string): Promise<Buffer> {
  const text = (await readIfThere(file)) ?? (await make(file));
  if (!/^[0-9a-f]{64}$/.test(text.trim()))
    throw new SwitchyardError(
      'config-invalid',
      `${file} does not hold a secret key (${KEY_BYTES} bytes as ${KEY_BYTES * 2} hexadecimal digits). Put back a copy from a backup: without it the variables of all apps are lost, and their webhook secrets count no more.`,
    );
  return Buffer.from(text.trim(), 'hex');
}

async function readIfThere(file: string): Promise<string | null> {
  return await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
}

/** Written beside and linked, so that of two processes one is first and neither reads half of it. */
async function make(file: string): Promise<string> {
  const beside = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(beside, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600 });
  try {
    await link(beside, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(beside, { force: true });
  }
  return await readFile(file, 'utf8');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
