import { isFinal, type StageName } from '@switchyard/domain';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useAction } from './action.tsx';
import { useNow } from './clock.ts';
import { DeploymentActions } from './deployment-actions.tsx';
import { createDeploymentFeed } from './deployment-feed.ts';
import { DeploymentHeader } from './deployment-header.tsx';
import { shownStatus } from './deployment-view.ts';
import { DiagnosisPanel } from './diagnosis-panel.tsx';
import { LogView } from './log-view.tsx';
import { PipelineStrip } from './pipeline-strip.tsx';
import { PlanPanel } from './plan-panel.tsx';
import { Problem } from './problem.tsx';
import { client, isSignedOut, useSession } from './session.tsx';
import { StageFacts } from './stage-facts.tsx';
import { STATUS_WORDS } from './words.ts';

const TICK_MS = 200;

export function DeploymentPage({ id }: { id: string }) {
  const feed = useMemo(() => createDeploymentFeed(client, id), [id]);
  const { deployment, log, connection, error } = useSyncExternalStore(feed.subscribe, feed.state);
  const { onSignedOut } = useSession();
  const queries = useQueryClient();
  const app = useQuery({
    queryKey: ['app', deployment?.app ?? ''],
    queryFn: () => client.app(deployment?.app ?? ''),
    enabled: deployment !== null,
    refetchInterval: 5_000,
  });
  const isWaiting = deployment !== null && deployment.waiting !== null && !isFinal(deployment.status);
  // Places in a row change without an event of this deployment.
  const waiting = useQuery({
    queryKey: ['wait', id],
    queryFn: () => client.deployment(id),
    enabled: isWaiting,
    refetchInterval: 2_000,
  });
  const action = useAction();
  const [stage, setStage] = useState<StageName | null>(null);
  const [target, setTarget] = useState<{ key: string } | null>(null);

  const status = deployment === null ? null : shownStatus(deployment);
  const isRunning = deployment !== null && !isFinal(deployment.status);
  const now = useNow(isRunning ? TICK_MS : null);
  const liveAt = deployment?.liveAt ?? null;
  useEffect(() => {
    if (isSignedOut(error)) onSignedOut();
  }, [error, onSignedOut]);
  useEffect(() => {
    // What is live has changed, or there is one more release to go back to.
    if (liveAt !== null || !isRunning) void queries.invalidateQueries({ queryKey: ['app'] });
  }, [queries, liveAt, isRunning]);
  useEffect(() => {
    if (deployment !== null && status !== null)
      document.title = `${deployment.app} #${deployment.number} · ${STATUS_WORDS[status]} · Switchyard`;
  }, [deployment, status]);

  if (deployment === null)
    return (
      <main className="page">{error === null ? <p className="empty">Loading …</p> : <Problem error={error} />}</main>
    );

  const { diagnosis, stages, plan } = deployment;
  const selected = stages.find(({ name }) => name === stage);
  const showEvidence = (line: number): void => {
    if (diagnosis === null) return;
    const attempt = log.lines.findLast((one) => one.stage === diagnosis.stage)?.attempt ?? 1;
    setStage(diagnosis.stage);
    setTarget({ key: `${diagnosis.stage}-${attempt}-${line}` });
  };
  return (
    <main className="page deployment">
      <DeploymentHeader
        deployment={deployment}
        isLive={app.data?.live?.deploymentId === id}
        now={now}
        wait={isWaiting ? (waiting.data ?? deployment).wait : null}
      >
        <DeploymentActions deployment={deployment} app={app.data ?? null} action={action} />
      </DeploymentHeader>
      {action.error !== null && <Problem error={action.error} />}
      {error !== null && <Problem error={error} />}
      {connection === 'lost' && isRunning && (
        <output className="connection">The connection is lost; trying again.</output>
      )}
      {diagnosis !== null && <DiagnosisPanel diagnosis={diagnosis} onEvidence={showEvidence} />}
      <PipelineStrip stages={stages} now={now} selected={stage} onSelect={setStage} />
      {selected !== undefined && <StageFacts stage={selected} now={now} />}
      <LogView deploymentId={id} log={log} isRunning={isRunning} stage={stage} onStage={setStage} target={target} />
      {plan !== null && <PlanPanel plan={plan} />}
    </main>
  );
}
