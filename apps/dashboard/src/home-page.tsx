import type { AppSummary } from '@switchyard/client';
import { isFinal } from '@switchyard/domain';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useNow } from './clock.ts';
import { DeploymentList } from './deployment-list.tsx';
import { Link } from './navigation.tsx';
import { pathTo } from './path.ts';
import { Problem } from './problem.tsx';
import { client } from './session.tsx';
import { age, shortSha } from './words.ts';

/** While something is on its way the list is asked often, else now and then. */
const BUSY_MS = 1_000;
const IDLE_MS = 4_000;

export function HomePage() {
  const deployments = useQuery({
    queryKey: ['deployments'],
    queryFn: () => client.recentDeployments({ limit: 50 }),
    refetchInterval: ({ state }) =>
      state.data?.deployments.some(({ status }) => !isFinal(status)) === true ? BUSY_MS : IDLE_MS,
  });
  const busy = deployments.data?.deployments.some(({ status }) => !isFinal(status)) === true;
  const apps = useQuery({
    queryKey: ['apps'],
    queryFn: () => client.listApps(),
    refetchInterval: busy ? BUSY_MS : IDLE_MS,
  });
  const liveIds = useMemo(
    () => new Set((apps.data ?? []).flatMap(({ live }) => (live === null ? [] : [live.deploymentId]))),
    [apps.data],
  );
  useEffect(() => {
    document.title = 'Switchyard';
  }, []);

  const problem = deployments.error ?? apps.error;
  return (
    <main className="page home">
      {problem !== null && <Problem error={problem} />}
      <section aria-labelledby="apps">
        <h2 id="apps">Apps</h2>
        {apps.data !== undefined && (apps.data.length === 0 ? <FirstApp /> : <AppTable apps={apps.data} />)}
      </section>
      <section aria-labelledby="deployments">
        <h2 id="deployments">Deployments</h2>
        {deployments.data !== undefined &&
          (deployments.data.deployments.length === 0 ? (
            <p className="empty">
              None yet. <code>switchyard deploy</code> makes the first.
            </p>
          ) : (
            <DeploymentList deployments={deployments.data.deployments} liveIds={liveIds} withApp />
          ))}
      </section>
    </main>
  );
}

function AppTable({ apps }: { apps: readonly AppSummary[] }) {
  const now = useNow(5_000);
  return (
    <ul className="apps">
      {apps.map(({ id, name, live, url }) => (
        <li key={id} className={live === null ? 'app-card idle' : 'app-card'}>
          <Link href={pathTo.app(name)} className="app-name">
            {name}
          </Link>
          {live === null ? (
            <span className="app-live">Nothing live</span>
          ) : (
            <span className="app-live">
              <span className="dot good" aria-hidden="true" />
              <Link href={pathTo.deployment(live.deploymentId)}>#{live.number}</Link>
              {live.commit !== null && <code>{shortSha(live.commit.sha)}</code>}
              {live.liveAt !== null && <span className="soft">{age(live.liveAt, now)}</span>}
            </span>
          )}
          {live === null ? (
            <span className="app-url soft">{hostOf(url)}</span>
          ) : (
            <a className="app-url" href={url} target="_blank" rel="noreferrer">
              {hostOf(url)}
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}

function FirstApp() {
  return (
    <div className="empty">
      <p>No apps yet. From a terminal:</p>
      <pre>switchyard apps create NAME --repository URL{'\n'}switchyard deploy NAME</pre>
      <p>Or a folder, without a repository:</p>
      <pre>switchyard deploy . --create</pre>
    </div>
  );
}

export function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
