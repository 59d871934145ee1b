import { Provider } from '@switchyard/domain';
import { describe, expect, test } from 'vitest';
// @boundaries-ignore what forges send is shared with the system tests
import { NOTHING, pushPayload } from '../../../../tests/harness/forges.ts';
import { decideDelivery } from './decide-delivery.ts';
import { tell } from './payload.ts';

const SHA = 'a'.repeat(40);
const EVENTS = { github: 'push', gitea: 'push', gitlab: 'Push Hook' } as const;
const MAIN = { ref: 'refs/heads/main', after: SHA };

describe.each(Provider.options)('%s', (provider) => {
  const event = EVENTS[provider];
  const decide = (pushed: Parameters<typeof pushPayload>[1], branch: string | null) =>
    decideDelivery(tell(provider, event, pushPayload(provider, pushed)), event, branch);

  test('a push of the default branch deploys an app without a branch', () => {
    expect(decide(MAIN, null)).toEqual({ decision: 'deploy', branch: 'main', sha: SHA });
    expect(decide({ ...MAIN, ref: 'refs/heads/trunk', defaultBranch: 'trunk' }, null)).toMatchObject({
      branch: 'trunk',
    });
  });

  test('a push of the app’s branch deploys it, also one with a slash and one that was named in full', () => {
    const pushed = { ref: 'refs/heads/release/1', after: SHA };
    expect(decide(pushed, 'release/1')).toEqual({ decision: 'deploy', branch: 'release/1', sha: SHA });
    expect(decide(pushed, 'refs/heads/release/1')).toMatchObject({ decision: 'deploy', branch: 'release/1' });
  });

  test.each([
    ['another branch', { ref: 'refs/heads/feature', after: SHA }, null, 'other-branch'],
    ['the default branch where the app has another', MAIN, 'live', 'other-branch'],
    ['a tag', { ref: 'refs/tags/v1', after: SHA }, null, 'tag'],
    ['a tag named like the branch', { ref: 'refs/tags/main', after: SHA }, 'main', 'tag'],
    ['a deleted branch', { ref: 'refs/heads/main', before: SHA, after: NOTHING }, null, 'branch-deleted'],
    ['notes', { ref: 'refs/notes/commits', after: SHA }, null, 'other-branch'],
    ['a branch where no default is known', { ...MAIN, defaultBranch: '' }, null, 'other-branch'],
  ] as const)('%s is ignored, with the reason', (_what, pushed, branch, cause) => {
    const decision = decide(pushed, branch);
    expect(decision).toMatchObject({ decision: 'ignore', cause });
    expect('reason' in decision && decision.reason).toMatch(/\w.*\.$/);
  });

  test('other events are ignored whatever they hold', () => {
    for (const name of ['issues', 'Pipeline Hook', 'constructor'])
      expect(decideDelivery(tell(provider, name, null), name, null)).toMatchObject({ cause: 'other-event' });
  });

  test.each([
    ['no ref', { after: SHA }],
    ['a ref that is an option', { ref: '--upload-pack=x', after: SHA }],
    ['a ref with a control character', { ref: 'refs/heads/a\nb', after: SHA }],
    ['no commit', { ref: 'refs/heads/main', after: 'main' }],
    ['nothing', null],
  ])('a push with %s is not valid', (_what, wrong) => {
    const payload = wrong === null ? null : { ...pushPayload(provider, MAIN), ref: undefined, ...wrong };
    expect(() => tell(provider, event, payload)).toThrow(expect.objectContaining({ name: 'ZodError' }));
  });
});

test('a ping is known', () => {
  const payload = { zen: 'Keep it logically awesome.', hook_id: 1, hook: { type: 'Repository', events: ['push'] } };
  expect(decideDelivery(tell('github', 'ping', payload), 'ping', null)).toMatchObject({ cause: 'ping' });
});

test('of an annotated tag GitLab’s commit is told, not the tag’s own object', () => {
  const payload = { ...pushPayload('gitlab', { ref: 'refs/tags/v1', after: 'b'.repeat(40) }), checkout_sha: SHA };
  expect(tell('gitlab', 'Tag Push Hook', payload)).toMatchObject({ kind: 'push', sha: SHA });
});
