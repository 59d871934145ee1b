import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { architecture } from './derive/architecture.mjs';
import { configuration } from './derive/configuration.mjs';
import { diagnosisPages } from './derive/diagnoses.mjs';
import { errors } from './derive/errors.mjs';
import { openapi } from './derive/openapi.mjs';
import { settings, settingsSchema } from './derive/settings.mjs';
import { SOURCE_CONDITION } from './derive/source.mjs';
import { variables } from './derive/variables.mjs';
import { Failure, main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { run } from './process/run.mjs';

/**
 * Checked-in files that are made from others, by path. Another one is a line here and a file in scripts/derive.
 *
 * @type {Readonly<Record<string, () => Promise<string>>>}
 */
const derived = {
  'ARCHITECTURE.md': architecture,
  'docs/openapi.json': openapi,
  'docs/errors.md': errors,
  'docs/configuration.md': configuration,
  'docs/settings.md': settings,
  'docs/variables.md': variables,
  'docs/switchyard.schema.json': settingsSchema,
};

/** `node scripts/derive.mjs` writes the files, with `--check` it only says which are out of date. */
await main(async () => {
  const isCheck = process.argv.includes('--check');
  // The sources are read as they are, so that nothing has to be built first.
  if (!process.execArgv.includes(SOURCE_CONDITION)) {
    const script = join(root, 'scripts', 'derive.mjs');
    const { code } = await run(process.execPath, [
      SOURCE_CONDITION,
      '--import',
      'tsx',
      script,
      ...process.argv.slice(2),
    ]);
    return code;
  }
  const stale = [];
  const files = new Map(await diagnosisPages());
  for (const [path, make] of Object.entries(derived)) files.set(path, await make());
  for (const [path, text] of files) {
    if (textOf(path) === (text ?? undefined)) continue;
    stale.push(path);
    if (isCheck) continue;
    if (text === null) {
      rmSync(join(root, path));
      continue;
    }
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  if (isCheck && stale.length > 0)
    throw new Failure(`Out of date: ${stale.join(', ')}. Run \`node scripts/derive.mjs\`.`);
  if (!isCheck) console.log(stale.length === 0 ? 'Nothing to do.' : `Written: ${stale.join(', ')}`);
  return 0;
});

function textOf(path) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
