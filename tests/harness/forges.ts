import { createHmac, randomUUID } from 'node:crypto';
import type { Provider } from '@switchyard/domain';

/** What a forge sends: headers and the very bytes that it signs. */
export interface ForgeDelivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

interface Sent {
  readonly secret: string;
  readonly id?: string;
  readonly event?: string;
  readonly payload: object;
}

export interface Pushed {
  /** Full name: `refs/heads/main`. */
  readonly ref: string;
  readonly after: string;
  readonly before?: string;
  readonly defaultBranch?: string;
}

export const NOTHING = '0'.repeat(40);

const hmac = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('hex');

const PUSH_EVENTS: Record<Provider, string> = { github: 'push', gitea: 'push', gitlab: 'Push Hook' };

/** Signs a payload as the forge does. */
export function deliveryOf(provider: Provider, { secret, id = randomUUID(), event, payload }: Sent): ForgeDelivery {
  const body = JSON.stringify(payload);
  const name = event ?? PUSH_EVENTS[provider];
  const headers: Record<Provider, Record<string, string>> = {
    github: {
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-delivery': id,
      'x-github-event': name,
      'x-github-hook-id': '292430182',
      'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
    },
    // Gitea sends GitHub's headers as well.
    gitea: {
      'x-gitea-delivery': id,
      'x-gitea-event': name,
      'x-gitea-signature': hmac(secret, body),
      'x-github-delivery': id,
      'x-github-event': name,
      'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
    },
    gitlab: {
      'user-agent': 'GitLab/18.2.0',
      'x-gitlab-event': name,
      'x-gitlab-event-uuid': id,
      'x-gitlab-instance': 'https://gitlab.example.test',
      'x-gitlab-token': secret,
    },
  };
  return { headers: { 'content-type': 'application/json', ...headers[provider] }, body };
}

/** Excerpts of what the forges send for a push, with their field names. */
export function pushPayload(
  provider: Provider,
  { ref, after, before = NOTHING, defaultBranch = 'main' }: Pushed,
): Record<string, unknown> {
  const commit = { id: after, message: 'Change', timestamp: '2026-03-01T10:00:00Z', author: { name: 'Ada' } };
  const isDeleted = after === NOTHING;
  const isTag = ref.startsWith('refs/tags/');
  switch (provider) {
    case 'github':
      return {
        ref,
        before,
        after,
        created: before === NOTHING,
        deleted: isDeleted,
        forced: false,
        compare: 'https://forge.example.test/ada/shop/compare/a...b',
        commits: isDeleted ? [] : [{ ...commit, added: [], removed: [], modified: ['server.js'] }],
        head_commit: isDeleted ? null : commit,
        pusher: { name: 'ada', email: 'ada@example.test' },
        repository: { id: 1, full_name: 'ada/shop', default_branch: defaultBranch, private: false },
        sender: { login: 'ada', id: 1 },
      };
    case 'gitea':
      return {
        ref,
        before,
        after,
        compare_url: 'https://gitea.example.test/ada/shop/compare/a...b',
        commits: isDeleted ? [] : [commit],
        total_commits: 1,
        head_commit: isDeleted ? null : commit,
        repository: { id: 1, full_name: 'ada/shop', default_branch: defaultBranch, empty: false },
        pusher: { login: 'ada' },
        sender: { login: 'ada' },
      };
    case 'gitlab':
      return {
        object_kind: isTag ? 'tag_push' : 'push',
        event_name: isTag ? 'tag_push' : 'push',
        before,
        after,
        ref,
        checkout_sha: isDeleted ? null : after,
        user_username: 'ada',
        project_id: 15,
        project: { id: 15, path_with_namespace: 'ada/shop', default_branch: defaultBranch },
        commits: isDeleted ? [] : [commit],
        total_commits_count: 1,
      };
  }
}

export function pushOf(provider: Provider, pushed: Pushed, sent: Omit<Sent, 'payload' | 'event'>): ForgeDelivery {
  const event = provider === 'gitlab' && pushed.ref.startsWith('refs/tags/') ? 'Tag Push Hook' : undefined;
  return deliveryOf(provider, {
    ...sent,
    payload: pushPayload(provider, pushed),
    ...(event === undefined ? {} : { event }),
  });
}
