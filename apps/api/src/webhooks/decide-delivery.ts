import type { DeliveryCause } from '@switchyard/domain';
import type { Told } from './payload.ts';

export type DeliveryDecision =
  | { readonly decision: 'deploy'; readonly branch: string; readonly sha: string }
  | { readonly decision: 'ignore'; readonly cause: DeliveryCause; readonly reason: string };

const ignore = (cause: DeliveryCause, reason: string): DeliveryDecision => ({ decision: 'ignore', cause, reason });

const BRANCHES = 'refs/heads/';
const TAGS = 'refs/tags/';

/** Whether what a delivery tells is a push that deploys an app with this branch (null: the repository's default branch). */
export function decideDelivery(told: Told, event: string, appBranch: string | null): DeliveryDecision {
  if (told.kind === 'ping') return ignore('ping', 'A ping: the webhook works. Pushes of the app’s branch deploy.');
  if (told.kind === 'other')
    return ignore('other-event', `The event ${JSON.stringify(event)} deploys nothing; pushes do.`);
  const { ref } = told;
  if (ref.startsWith(TAGS))
    return ignore(
      'tag',
      `The tag ${ref.slice(TAGS.length)} was pushed; pushes of the app’s branch deploy, tags do not.`,
    );
  if (!ref.startsWith(BRANCHES)) return ignore('other-branch', `${ref} is no branch.`);
  const branch = ref.slice(BRANCHES.length);
  if (told.kind === 'deleted')
    return ignore('branch-deleted', `The branch ${branch} was deleted; what is live stays live.`);
  const wanted = appBranch ?? told.defaultBranch;
  if (wanted === null)
    return ignore(
      'other-branch',
      'The app has no branch of its own and the payload names no default branch. Make the app with a branch.',
    );
  if (branch !== withoutPrefix(wanted)) {
    const whose = appBranch === null ? 'the repository’s default branch' : 'the app’s branch';
    return ignore('other-branch', `The branch ${branch} was pushed; ${withoutPrefix(wanted)}, ${whose}, deploys.`);
  }
  return { decision: 'deploy', branch, sha: told.sha };
}

const withoutPrefix = (branch: string): string =>
  branch.startsWith(BRANCHES) ? branch.slice(BRANCHES.length) : branch;
