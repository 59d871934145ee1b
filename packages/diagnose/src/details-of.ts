import type { Details } from './rule.ts';

/** Shown in words elsewhere. */
const REDUNDANT = new Set(['errors']);

/** Values that a person can read; lists are joined, the rest is left out. */
export function detailsOf(details: Readonly<Record<string, unknown>>): Details {
  const entries: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(details)) {
    if (REDUNDANT.has(name)) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      entries.push([name, value]);
    else if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
      entries.push([name, value.join(', ')]);
  }
  return Object.fromEntries(entries);
}
