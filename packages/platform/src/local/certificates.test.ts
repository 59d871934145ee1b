import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificates } from './certificates.ts';

test('many who need the bundle at once all get it whole, and leave nothing else', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'certificates-'));
  try {
    const extra = join(directory, 'extra.pem');
    await writeFile(extra, 'EXTRA\n');
    const made = await Promise.all(Array.from({ length: 20 }, () => makeCertificates(directory, extra)));
    const [first] = made;
    expect(new Set(made.map((one) => one?.all)).size).toBe(1);
    expect(await readFile(first?.all ?? '', 'utf8')).toMatch(/\nEXTRA\n$/);
    expect(await readdir(join(directory, 'certificates'))).toHaveLength(1);
  } finally {
    await rm(directory, { recursive: true });
  }
});
