import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/root.mjs';
import { source, table } from './source.mjs';

const BLOCK = /(<!-- derived: system variables -->\n)[\s\S]*?(<!-- \/derived -->)/;
const IN_BUILD = { stages: 'install and build', build: 'build' };

/** docs/variables.md with the table of what Switchyard sets, from the list that the code uses. */
export async function variables() {
  const { SYSTEM_VARIABLES } = await source('packages/domain/src/system-variables.ts');
  const rows = Object.entries(SYSTEM_VARIABLES).map(([name, { holds, build, run, buildKey, reserved }]) => [
    `\`${name}\``,
    holds,
    IN_BUILD[build] ?? '–',
    run ?? '–',
    buildKey,
    reserved === null ? 'yes' : 'no',
  ]);
  const head = ['variable', 'holds', 'in stages', 'in runs', 'in the build key', 'yours wins'];
  const text = readFileSync(join(root, 'docs/variables.md'), 'utf8');
  return text.replace(BLOCK, (_, start, end) => `${start}\n${table(head, rows)}\n\n${end}`);
}
