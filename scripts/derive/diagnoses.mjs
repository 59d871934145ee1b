import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/root.mjs';
import { NOTICE, source, table } from './source.mjs';

const DIRECTORY = 'docs/diagnoses';
const MAX_EXAMPLES = 3;

/** Pages by path: one for each cause, and an index; null for a page of a cause that is gone. */
export async function diagnosisPages() {
  const { catalogue } = await source('packages/diagnose/src/catalogue.ts');
  const { SAMPLES } = await source('packages/diagnose/src/families/fixtures/samples.ts');
  const { classify } = await source('packages/diagnose/src/index.ts');
  const entries = catalogue();
  const samples = Object.values(SAMPLES).flat();
  /** @type {Map<string, string | null>} */
  const pages = new Map([[`${DIRECTORY}/README.md`, index(entries)]]);
  for (const entry of entries)
    pages.set(
      entry.page,
      page(
        entry,
        samples.filter(({ cause }) => cause === entry.cause),
        classify,
      ),
    );
  for (const file of existing()) if (!pages.has(file)) pages.set(file, null);
  return pages;
}

function existing() {
  try {
    return readdirSync(join(root, DIRECTORY))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${DIRECTORY}/${name}`);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function index(entries) {
  const rows = entries
    .toSorted((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : a.cause < b.cause ? -1 : 1))
    .map(({ family, cause, page, title, fault }) => [
      family,
      `[\`${cause}\`](${page.slice(DIRECTORY.length + 1)})`,
      title,
      fault,
    ]);
  return `# Diagnoses

${NOTICE}

Why a deployment failed is told by its diagnosis: a cause with an id that is never renamed, what happened, the lines that prove it, and what to do.
These are the ${entries.length} causes that are recognised. \`switchyard diagnose FILE\` tries a saved output. Where nothing is recognised, the diagnosis says so
and shows the lines that tell most.

${table(['family', 'cause', 'what happened', 'fault'], rows)}
`;
}

function page({ cause, family, fault, stages, title, explanation, fix }, samples, classify) {
  const where = stages.length === 0 ? 'any stage' : stages.join(', ');
  const examples = samples.slice(0, MAX_EXAMPLES).map((sample) => example(sample, classify));
  return [
    `# ${title}`,
    NOTICE,
    `Cause \`${cause}\` · family ${family} · fault ${fault} · usually in ${where}`,
    ...(explanation === '' ? [] : [`## What happened\n\n${explanation}`]),
    `## What to do\n\n${fix}`,
    ...(examples.length === 0 ? [] : ['## Examples', ...examples]),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function example({ stage, output }, classify) {
  const exit = { code: 1, signal: null };
  const found = classify({ stage, exit, output, error: null, command: null, context: {} });
  return `In the stage ${stage}:\n\n\`\`\`text\n${output.trim()}\n\`\`\`\n\n> **${found.title}**\n>\n> ${found.explanation}\n>\n> ${found.fix}`;
}
