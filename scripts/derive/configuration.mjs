import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../process/failure.mjs';
import { root } from '../process/root.mjs';
import { NOTICE, source, table } from './source.mjs';

const INTRODUCTION = `# Configuration

${NOTICE}

Settings come from the environment. A process reads its own at start, reports everything that is wrong at once, and does not start then. An
empty value counts as unset.
`;

/**
 * One table of all settings, made from the schemas in each app's \`src/config.ts\`.
 *
 * @typedef {{ apps: Set<string>, meanings: Map<string, string[]>, defaults: Map<string, string[]> }} Setting
 */
export async function configuration() {
  const { z } = await source('packages/domain/node_modules/zod/index.js');
  /** @type {Map<string, Setting>} */
  const settings = new Map();
  for (const app of readdirSync(join(root, 'apps')).sort()) {
    const path = `apps/${app}/src/config.ts`;
    if (!existsSync(join(root, path))) continue;
    for (const [name, schema] of Object.entries(shapeOf(path, await source(path)))) {
      const setting = settings.get(name) ?? { apps: new Set(), meanings: new Map(), defaults: new Map() };
      settings.set(name, setting);
      setting.apps.add(app);
      note(setting.meanings, schema.description ?? missing(`${path}: ${name} has no describe() text`), app);
      note(setting.defaults, defaultOf(z, schema), app);
    }
  }
  const rows = [...settings]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { apps, meanings, defaults }]) => [
      `\`${name}\``,
      perApp(defaults),
      perApp(meanings),
      [...apps].join(', '),
    ]);
  return `${INTRODUCTION}\n${table(['setting', 'default', 'meaning', 'read by'], rows)}\n`;
}

function note(byText, text, app) {
  byText.set(text, [...(byText.get(text) ?? []), app]);
}

/** What all apps agree on, or what each says. */
function perApp(byText) {
  const texts = [...byText];
  return texts.length === 1
    ? texts[0][0]
    : texts.map(([text, apps]) => `${apps.join(', ')}: ${text || '–'}`).join('<br>');
}

/** The schema per variable that a config module exports. */
function shapeOf(path, module) {
  const shapes = Object.values(module).filter(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length > 0 &&
      Object.values(value).every((member) => typeof member === 'object' && member !== null && '_zod' in member),
  );
  return shapes.length === 1 ? shapes[0] : missing(`${path} must export one object with a zod schema per setting`);
}

/** A default that depends on the machine is worded by `meta({ defaultText })`. */
function defaultOf(z, schema) {
  const worded = z.globalRegistry.get(schema)?.defaultText;
  if (worded !== undefined) return String(worded);
  const { default: fallback } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  if (fallback !== undefined) return `\`${fallback}\``;
  return schema.safeParse(undefined).success ? '' : 'required';
}

/** @returns {never} */
function missing(message) {
  throw new Failure(message);
}
