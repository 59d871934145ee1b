import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/root.mjs';
import { quietly } from './command.mjs';

/** That checked-in files which are made from others (API description, references, diagrams) are what would be made now. */
export async function derived() {
  const script = join(root, 'scripts', 'derive.mjs');
  if (!existsSync(script)) return { ok: true, note: 'nothing is derived', output: '' };
  const { code, output } = await quietly(process.execPath, [script, '--check']);
  return { ok: code === 0, note: code === 0 ? 'up to date' : 'run `node scripts/derive.mjs`', output };
}
