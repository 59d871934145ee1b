import { type Details, groups, type Sight } from '../rule.ts';

/** `@acme%2fcore` in an address is `@acme/core`. */
function readable(text: string): string {
  return text.replaceAll(/%2f/gi, '/');
}

/** The address of a match with what can be read out of it: the registry's host and the package. */
export function withPackage(match: RegExpExecArray): Details {
  const { url: raw, ...details } = groups(match);
  if (typeof raw !== 'string') return details;
  const url = readable(raw.replace(/[:;,.]+$/, ''));
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

const ADDRESS = /(?<url>https?:\/\/[^\s'"`),]+)/;
const ADVICE =
  /nodejs\.org|docs\.npmjs|yarnpkg\.com\/en\/docs|github\.com\/nodejs|cwiki\.apache|pnpm\.io|npmjs\.com\/policies/;

/** The address that stands nearest after a message, or in front of it. */
export function reached(match: RegExpExecArray, { search }: Sight): Details {
  const inLine = ADDRESS.exec(match.input);
  for (const found of [inLine, search(ADDRESS, 8), search(ADDRESS, -4)])
    if (found !== null && !ADVICE.test(found[0])) return withPackage(found);
  return {};
}

/** Which package Berry was at. */
export const packageNear: readonly [RegExp, number] = [/(?<package>(?:@[\w.-]+\/)?[\w.-]+)@npm:[^\s:]+/, -4];
