import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/root.mjs';
import { source } from './source.mjs';

const BLOCK = /(<!-- derived: transitions -->\n)[\s\S]*?(<!-- \/derived -->)/;

/** ARCHITECTURE.md with the lives of deployments and stages drawn from the tables that the code obeys. */
export async function architecture() {
  const { DEPLOYMENT_TRANSITIONS, STAGE_TRANSITIONS } = await source('packages/domain/src/transitions.ts');
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const drawings = [drawing('deployment', DEPLOYMENT_TRANSITIONS), drawing('stage', STAGE_TRANSITIONS)].join('\n');
  return text.replace(BLOCK, (_, start, end) => `${start}\n${drawings}\n${end}`);
}

function drawing(name, table) {
  const width = Math.max(...Object.keys(table).map((state) => state.length));
  const rows = Object.entries(table).map(
    ([from, to]) => `${from.padEnd(width)}  ${to.length === 0 ? '∎' : `→ ${to.join(', ')}`}`,
  );
  return [`    ${name}`, ...rows.map((row) => `      ${row}`), ''].join('\n');
}
