import semver from 'semver';
import { asRange } from '../local/toolchain-versions.ts';

/** Long-term releases, newest first, then the others: what a range leaves open is decided in this order. */
const NODE_MAJORS = [24, 22, 20, 26, 18, 25, 23, 21];

const imageOf = (version: string | number) => `node:${version}-bookworm-slim`;

/**
 * Base images that may hold a Node in the range, best first. An image of a major is asked before one of an exact version: it is more
 * likely to be there, and what it really holds is looked at.
 */
export function baseCandidates(wanted: string): string[] {
  const range = asRange(wanted);
  const majors = NODE_MAJORS.filter((major) => semver.intersects(range, `${major}.x`));
  const exact = semver.valid(range);
  return [...majors.map(imageOf), ...(exact === null ? [] : [imageOf(exact)])];
}

/** Any base that Node of another version can be put into. */
export const ANY_BASE: readonly string[] = NODE_MAJORS.slice(0, 3).map(imageOf);
