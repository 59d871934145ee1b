import { type Details, groups, type Sight } from '../rule.ts';

/** `@acme%2fcore` in an address is `@acme/core`. */
function readable(text: string): string {
  return text.replaceAll(/%2f/gi, '/');
}

/** The address of a match with what can be read out of it: the registry's host and the package. */
export function withPackage(match: RegExpExecArray): Details {
  const { url: raw, ...details } = groups(match);
  if (typeof raw !== 'string') return details;
  const url = readable(raw);
  const host = /^https?:\/\/([^/]+)/.exec(url)?.[1];
  const named = packageOf(url);
  return {
    ...(named === undefined ? {} : { package: named }),
    ...(host === undefined ? {} : { host }),
    url,
    ...details,
  };
}

/** `https://host/@scope/name/-/name-1.0.0.tgz` is about `@scope/name`. */
function packageOf(url: string): string | undefined {
  const path = url.replace(/^https?:\/\/[^/]+/, '').split('/-/')[0] ?? '';
  const [last, scope] = path
    .split('/')
    .filter((part) => part !== '')
    .toReversed();
  return last !== undefined && scope?.startsWith('@') ? `${scope}/${last}` : last;
}

export function reached(_: RegExpExecArray, { search }: Sight): Details {
  const after = search(/(?<url>https?:\/\/[^\s'",)]+)/, 6);
  return after === null ? {} : withPackage(after);
}
