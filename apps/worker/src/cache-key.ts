import { createHash } from 'node:crypto';

/** Everything that a result depends on, by a name that people understand: file paths, `command`, `toolchain` … */
export type Inputs = Readonly<Record<string, string | null>>;

/** What stands in a snapshot's name before the hash. */
export type KeyPrefix = 'src' | 'dep' | 'bld' | 'rel' | 'mig';

/** A snapshot's name, made from all inputs in any order: equal inputs, equal name. */
export function snapshotKey(prefix: KeyPrefix, inputs: Inputs): string {
  const entries = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${prefix}-${createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 40)}`;
}

const MAX_NAMED = 4;

function listed(names: readonly string[]): string {
  const named = names.slice(0, MAX_NAMED);
  const rest = names.length - named.length;
  if (rest > 0) return `${named.join(', ')} and ${rest} more`;
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`;
}

/** Why a result could not be reused: which inputs differ from the last time. */
export function whyMissed(last: Inputs | null, now: Inputs): string {
  if (last === null) return 'this is the first time';
  const changed: string[] = [];
  const added: string[] = [];
  for (const [name, value] of Object.entries(now)) {
    const before = last[name] ?? null;
    if (before === value || value === null) continue;
    (before === null ? added : changed).push(name);
  }
  const gone = Object.keys(last).filter((name) => last[name] !== null && (now[name] ?? null) === null);
  const parts = [
    ...(changed.length > 0 ? [`${listed(changed)} changed`] : []),
    ...(added.length > 0 ? [`${listed(added)} ${added.length === 1 ? 'is' : 'are'} new`] : []),
    ...(gone.length > 0 ? [`${listed(gone)} ${gone.length === 1 ? 'is' : 'are'} gone`] : []),
  ];
  return parts.length === 0 ? 'the earlier result is not kept any more' : parts.join('; ');
}
