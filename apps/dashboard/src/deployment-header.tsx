import { type DeploymentView, formatDuration } from '@switchyard/client';
import type { Wait } from '@switchyard/domain';
import type { ReactNode } from 'react';
import { shownStatus } from './deployment-view.ts';
import { hostOf } from './home-page.tsx';
import { Link } from './navigation.tsx';
import { pathTo } from './path.ts';
import { StatusMark, toneOf } from './status-mark.tsx';
import { age, firstLine, STATUS_WORDS, shortSha, TRIGGER_WORDS, WAITING_WORDS } from './words.ts';

interface HeaderProps {
  readonly deployment: DeploymentView;
  readonly isLive: boolean;
  readonly now: number;
  /** As of a moment ago; null while it does not wait. */
  readonly wait: Wait | null;
  readonly children: ReactNode;
}

export function DeploymentHeader({ deployment, isLive, now, wait, children }: HeaderProps) {
  const { app, number, commit, waiting, createdAt, startedAt, liveAt, endedAt, trigger, retryOf, url } = deployment;
  const status = shownStatus(deployment);
  const isWaiting = waiting !== null && (status === 'queued' || status === 'running');
  return (
    <header className="deployment-header">
      <div className="headline">
        <h1>
          <Link href={pathTo.app(app)}>{app}</Link> <span className="number">#{number}</span>
        </h1>
        <output className={`status ${toneOf(status)}`}>
          <StatusMark status={status} />
          {isWaiting ? WAITING_WORDS[waiting] : STATUS_WORDS[status]}
        </output>
        {isLive && <span className="live-mark">Live</span>}
      </div>
      {children}
      {isWaiting && wait !== null && <p className="wait-line">{wait.text}</p>}
      <p className="commit-line">
        {commit === null ? (
          <span className="soft">
            {deployment.upload === null
              ? `${deployment.ref ?? 'The app’s branch'}, not resolved yet`
              : 'An uploaded folder, not unpacked yet'}
          </span>
        ) : (
          <>
            <span className="commit-message">{firstLine(commit.message)}</span>
            <code title={commit.sha}>{shortSha(commit.sha)}</code>
            {commit.branch !== null && <span className="soft">{commit.branch}</span>}
            <span className="soft">{commit.author}</span>
          </>
        )}
      </p>
      <dl className="facts">
        <div>
          <dt>Started</dt>
          <dd>
            <time dateTime={new Date(createdAt).toISOString()} title={new Date(createdAt).toLocaleString()}>
              {age(createdAt, now)}
            </time>{' '}
            {TRIGGER_WORDS[trigger]}
            {retryOf !== null && (
              <>
                , <Link href={pathTo.deployment(retryOf.id)}>#{retryOf.number}</Link> again
              </>
            )}
          </dd>
        </div>
        {startedAt !== null && (
          <div>
            <dt>{liveAt === null ? 'Time' : 'Time until live'}</dt>
            <dd className="figures">{formatDuration(Math.max(0, (liveAt ?? endedAt ?? now) - startedAt))}</dd>
          </div>
        )}
        <div>
          <dt>Address</dt>
          <dd>
            {isLive ? (
              <a href={url} target="_blank" rel="noreferrer">
                {hostOf(url)}
              </a>
            ) : (
              hostOf(url)
            )}
          </dd>
        </div>
      </dl>
    </header>
  );
}
