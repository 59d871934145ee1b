import type { AppView } from '@switchyard/client';
import { isFinal } from '@switchyard/domain';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useAction } from './action.tsx';
import { useNow } from './clock.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { DeploymentList } from './deployment-list.tsx';
import { hostOf } from './home-page.tsx';
import { Link } from './navigation.tsx';
import { OutputSection } from './output-section.tsx';
import { pathTo } from './path.ts';
import { Problem } from './problem.tsx';
import { client } from './session.tsx';
import { VariablesSection } from './variables-section.tsx';
import { age, firstLine, repositoryWords, shortSha } from './words.ts';

const BUSY_MS = 1_000;
const IDLE_MS = 4_000;

export function AppPage({ name }: { name: string }) {
  const deployments = useQuery({
    queryKey: ['deployments', name],
    queryFn: () => client.deployments(name, { limit: 50 }),
    refetchInterval: ({ state }) =>
      state.data?.deployments.some(({ status }) => !isFinal(status)) === true ? BUSY_MS : IDLE_MS,
  });
  const app = useQuery({ queryKey: ['app', name], queryFn: () => client.app(name), refetchInterval: 2_000 });
  const action = useAction();
  const liveId = app.data?.live?.deploymentId;
  const liveIds = useMemo(() => new Set(liveId === undefined ? [] : [liveId]), [liveId]);
  useEffect(() => {
    document.title = `${name} · Switchyard`;
  }, [name]);

  const problem = app.error ?? action.error ?? deployments.error;
  return (
    <main className="page app">
      {problem !== null && <Problem error={problem} />}
      {app.data !== undefined && (
        <>
          <header className="deployment-header">
            <div className="headline">
              <h1>{name}</h1>
            </div>
            <div className="actions">
              <Running app={app.data} action={action} />
              <button
                type="button"
                className="primary"
                disabled={action.busy}
                onClick={() => action.run(() => client.deploy(name))}
              >
                Deploy
              </button>
            </div>
            <AppFacts app={app.data} action={action} />
          </header>
          <Releases app={app.data} action={action} />
        </>
      )}
      <section aria-labelledby="deployments">
        <h2 id="deployments">Deployments</h2>
        {deployments.data !== undefined &&
          (deployments.data.deployments.length === 0 ? (
            <p className="empty">None yet.</p>
          ) : (
            <DeploymentList deployments={deployments.data.deployments} liveIds={liveIds} withApp={false} />
          ))}
      </section>
      {app.data !== undefined && <OutputSection key={name} app={name} />}
      {app.data !== undefined && <VariablesSection app={name} />}
    </main>
  );
}

/** Stops what runs, or starts what was stopped. */
function Running({ app: { name, live, stoppedAt }, action }: { app: AppView; action: ReturnType<typeof useAction> }) {
  if (live === null) return null;
  if (stoppedAt !== null)
    return (
      <button type="button" disabled={action.busy} onClick={() => action.run(() => client.start(name))}>
        Start
      </button>
    );
  return (
    <ConfirmButton
      label="Stop"
      title={`Stop ${name}?`}
      confirm="Stop it"
      disabled={action.busy}
      onConfirm={() => action.run(() => client.stop(name))}
    >
      <p>
        Visitors are told that it is stopped, and pushes deploy nothing, until it is started or deployed by a person.
      </p>
    </ConfirmButton>
  );
}

function AppFacts({ app, action }: { app: AppView; action: ReturnType<typeof useAction> }) {
  const now = useNow(5_000);
  const { live, url, hosts, repository, branch, instances, hold, replicas, stoppedAt } = app;
  return (
    <dl className="facts">
      <div>
        <dt>Live</dt>
        <dd>
          {live === null ? (
            'nothing'
          ) : (
            <>
              <Link href={pathTo.deployment(live.deploymentId)}>#{live.number}</Link>{' '}
              {stoppedAt !== null ? `stopped ${age(stoppedAt, now)}` : live.liveAt !== null && age(live.liveAt, now)}
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Address</dt>
        <dd>
          <a href={url} target="_blank" rel="noreferrer">
            {hostOf(url)}
          </a>
          {hosts.slice(1).map((host) => (
            <span className="soft" key={host}>
              {' '}
              {host}
            </span>
          ))}
        </dd>
      </div>
      <div>
        <dt>Repository</dt>
        <dd title={repository ?? undefined}>
          {repository === null ? 'none, deployed from folders' : repositoryWords(repository)}
          {branch !== null && <span className="soft"> {branch}</span>}
        </dd>
      </div>
      <div>
        <dt>Instances</dt>
        <dd>
          {instances.length === 0 ? 'none' : instances.map(({ state }) => state).join(', ')}
          {instances.length !== replicas && stoppedAt === null && live !== null && (
            <span className="soft"> of {replicas}</span>
          )}
        </dd>
      </div>
      {hold !== null && (
        <div className="hold">
          <dt>On hold</dt>
          <dd>
            {hold.reason} <LiftHold app={app} action={action} />
          </dd>
        </div>
      )}
    </dl>
  );
}

/** The hold of a rollback is lifted by a click; that of a migration is for somebody who has looked at the database. */
function LiftHold({ app: { name, environments }, action }: { app: AppView; action: ReturnType<typeof useAction> }) {
  const held = environments.find((environment) => environment.hold !== null);
  if (held === undefined) return null;
  const lift = (): void => action.run(() => client.releaseHold(held.id));
  if (held.hold?.scope === 'automatic')
    return (
      <button type="button" disabled={action.busy} onClick={lift}>
        Lift the hold
      </button>
    );
  return (
    <ConfirmButton
      label="Lift the hold"
      title={`Let ${name} deploy again?`}
      confirm="The database is in order"
      disabled={action.busy}
      onConfirm={lift}
    >
      <p>
        Nobody knows how far the migration came: look at the database first. The newest deployment that waits goes on at
        once, and runs its migration command from its beginning.
      </p>
    </ConfirmButton>
  );
}

function Releases({ app, action }: { app: AppView; action: ReturnType<typeof useAction> }) {
  const now = useNow(5_000);
  const kept = app.releases.filter(({ releaseId }) => releaseId !== app.live?.releaseId);
  if (kept.length === 0) return null;
  return (
    <section aria-labelledby="releases">
      <h2 id="releases">Kept releases</h2>
      <ul className="releases">
        {kept.map(({ releaseId, deploymentId, number, commit, liveAt, pinned }) => (
          <li key={releaseId}>
            <Link href={pathTo.deployment(deploymentId)}>#{number}</Link>
            <span className="row-message">{commit === null ? '' : firstLine(commit.message)}</span>
            {commit !== null && <code>{shortSha(commit.sha)}</code>}
            <span className="soft">
              {liveAt === null ? '' : `live ${age(liveAt, now)}`}
              {pinned ? ', pinned' : ''}
            </span>
            <ConfirmButton
              label="Roll back"
              title={`Make ${app.name} #${number} live?`}
              confirm={`Go to #${number}`}
              disabled={action.busy}
              onConfirm={() => action.run(() => client.rollback(app.name, { to: number }))}
            >
              <p>
                Visitors get #{number} once it is healthy. Migrations are not undone, and pushes wait until a person
                deploys again.
              </p>
            </ConfirmButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
