import { type DeploymentSummary, formatDuration } from '@switchyard/client';
import { useNow } from './clock.ts';
import { shownStatus } from './deployment-view.ts';
import { MiniStrip } from './mini-strip.tsx';
import { Link } from './navigation.tsx';
import { pathTo } from './path.ts';
import { StatusMark } from './status-mark.tsx';
import { age, firstLine, STATUS_WORDS, shortSha, TRIGGER_WORDS, WAITING_WORDS } from './words.ts';

/** Deployments, newest first. `liveIds` are those whose release visitors get now. */
export function DeploymentList({
  deployments,
  liveIds,
  withApp,
}: {
  deployments: readonly DeploymentSummary[];
  liveIds: ReadonlySet<string>;
  withApp: boolean;
}) {
  const now = useNow(1_000);
  return (
    <ol className="deployments">
      {deployments.map((deployment) => (
        <li key={deployment.id}>
          <Row deployment={deployment} isLive={liveIds.has(deployment.id)} now={now} withApp={withApp} />
        </li>
      ))}
    </ol>
  );
}

function Row({
  deployment,
  isLive,
  now,
  withApp,
}: {
  deployment: DeploymentSummary;
  isLive: boolean;
  now: number;
  withApp: boolean;
}) {
  const status = shownStatus(deployment);
  const { commit, diagnosis } = deployment;
  return (
    <Link href={pathTo.deployment(deployment.id)} className="deployment-row">
      <StatusMark status={status} />
      <span className="row-name">
        {withApp && <span className="row-app">{deployment.app}</span>}
        <span className="row-number">#{deployment.number}</span>
        {isLive && <span className="live-mark">Live</span>}
      </span>
      <span className="row-what">
        {diagnosis !== null && status !== 'succeeded' ? (
          <span className="row-problem">{diagnosis.title}</span>
        ) : (
          <span className="row-message">
            {commit === null ? `Started ${TRIGGER_WORDS[deployment.trigger]}` : firstLine(commit.message)}
          </span>
        )}
        <span className="row-facts">
          {commit !== null && <code>{shortSha(commit.sha)}</code>}
          <span className={`row-status ${status}`}>
            {deployment.waiting !== null && status === 'queued'
              ? WAITING_WORDS[deployment.waiting]
              : STATUS_WORDS[status]}
          </span>
        </span>
      </span>
      <MiniStrip stages={deployment.stages} />
      <span className="row-times">
        <span className="row-took">{duration(deployment, now)}</span>
        <time
          dateTime={new Date(deployment.createdAt).toISOString()}
          title={new Date(deployment.createdAt).toLocaleString()}
        >
          {age(deployment.createdAt, now)}
        </time>
      </span>
    </Link>
  );
}

function duration({ startedAt, endedAt, liveAt }: DeploymentSummary, now: number): string {
  if (startedAt === null) return '';
  return formatDuration(Math.max(0, (liveAt ?? endedAt ?? now) - startedAt));
}
