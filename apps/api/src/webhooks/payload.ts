import { GitRef, type Provider } from '@switchyard/domain';
import { z } from 'zod';

/** What a delivery tells, whoever sent it. Nothing else of a payload is read. */
export type Told =
  | { readonly kind: 'push'; readonly ref: string; readonly sha: string; readonly defaultBranch: string | null }
  | { readonly kind: 'deleted'; readonly ref: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'other' };

const FullRef = z
  .string()
  .regex(/^refs\//, 'a full name that begins with refs/')
  .pipe(GitRef);
const Sha = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'the hash of a commit');
const DefaultBranch = z
  .string()
  .nullish()
  .transform((name) => (name === '' ? null : (name ?? null)));

/** GitHub and Gitea alike; Gitea leaves `deleted` out. */
const Push = z.object({
  ref: FullRef,
  after: Sha,
  deleted: z.boolean().optional(),
  repository: z.object({ default_branch: DefaultBranch }),
});

/** GitLab's branches and tags. `checkout_sha` is the commit, where `after` is the tag's own object for an annotated tag. */
const GitLabPush = z.object({
  ref: FullRef,
  after: Sha,
  checkout_sha: Sha.nullish(),
  project: z.object({ default_branch: DefaultBranch }),
});

/** Event names as the forges send them in their headers. */
const EVENTS: Readonly<Record<Provider, Readonly<Record<string, 'push' | 'ping'>>>> = {
  github: { push: 'push', ping: 'ping' },
  gitea: { push: 'push', ping: 'ping' },
  gitlab: { 'Push Hook': 'push', 'Tag Push Hook': 'push' },
};

/** Reads a signed payload. Throws a `ZodError` for a push that lacks what every push has. */
export function tell(provider: Provider, event: string, payload: unknown): Told {
  const kind = Object.hasOwn(EVENTS[provider], event) ? EVENTS[provider][event] : undefined;
  if (kind === undefined) return { kind: 'other' };
  if (kind === 'ping') return { kind: 'ping' };
  if (provider === 'gitlab') {
    const { ref, after, checkout_sha, project } = GitLabPush.parse(payload);
    return pushOf(ref, isNothing(after) ? after : (checkout_sha ?? after), project.default_branch);
  }
  const { ref, after, deleted, repository } = Push.parse(payload);
  return deleted === true ? { kind: 'deleted', ref } : pushOf(ref, after, repository.default_branch);
}

function pushOf(ref: string, sha: string, defaultBranch: string | null): Told {
  return isNothing(sha) ? { kind: 'deleted', ref } : { kind: 'push', ref, sha, defaultBranch };
}

/** What a ref that was deleted points to afterwards. */
const isNothing = (sha: string): boolean => /^0+$/.test(sha);
