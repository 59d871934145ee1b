import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countingCommand, quietly } from './checks/command.mjs';
import { derived } from './checks/derived.mjs';
import { fences } from './checks/fences.mjs';
import { tree } from './checks/tree.mjs';
import { types } from './checks/types.mjs';
import { Failure, main } from './process/failure.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';

/** @type {Record<string, () => Promise<import('./checks/command.mjs').Result>>} */
const checks = {
  types,
  lint: () => countingCommand('oxlint', ['--type-aware', '--deny-warnings'], /on (\d+) files/),
  format: async () => {
    const result = await countingCommand(
      'biome',
      ['ci', '--colors=off', '--reporter=summary', '.'],
      /Checked (\d+) file/,
    );
    return { ...result, output: `${result.output}\n\`npm run format\` puts this right.` };
  },
  unused: async () => {
    const { code, output } = await quietly('knip', ['--no-progress', '--no-config-hints']);
    return { ok: code === 0, note: 'files, exports, dependencies', output };
  },
  boundaries: () => countingCommand('turbo', ['boundaries', '--no-color'], /Checked (\d+) files/),
  fences: () => fences(),
  tree,
  derived,
};

/**
 * `npm run check [-- NAME…]`. With SWITCHYARD_REPORTS set, the counts go to `check.json` in that directory.
 */
await main(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !(name in checks));
  if (unknown) throw new Failure(`There is no check "${unknown}". Checks: ${Object.keys(checks).join(', ')}`);
  requirePrerequisites();
  await ensurePackages();

  let passed = 0;
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const startedAt = performance.now();
    const { ok, note, output } = await check();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (ok) passed += 1;
    else failed += 1;
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${`${seconds} s`.padStart(6)}  ${note}`);
    if (!ok) console.log(`\n${output.trim().replace(/^/gm, '     ')}\n`);
  }
  const reports = process.env.SWITCHYARD_REPORTS;
  if (reports) {
    mkdirSync(reports, { recursive: true });
    writeFileSync(join(reports, 'check.json'), JSON.stringify({ passed, failed }));
  }
  console.log(failed === 0 ? `all ${passed} checks passed` : `${failed} of ${passed + failed} checks failed`);
  return failed === 0 ? 0 : 1;
});
