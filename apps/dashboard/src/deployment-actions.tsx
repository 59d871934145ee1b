import type { AppView, DeploymentView } from '@switchyard/client';
import { isFinal } from '@switchyard/domain';
import type { useAction } from './action.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { mayCancel, mayForce } from './deployment-view.ts';
import { client } from './session.tsx';
import { firstLine } from './words.ts';

interface ActionsProps {
  readonly deployment: DeploymentView;
  /** null until it is read. */
  readonly app: AppView | null;
  readonly action: ReturnType<typeof useAction>;
}

/** What one can do about a deployment: end it, run it again, or go back to what it made. */
export function DeploymentActions({ deployment, app, action: { busy, run } }: ActionsProps) {
  const { id, app: name, ref } = deployment;
  const again = (reuse: 'all' | 'none'): void =>
    run(() => client.deploy(name, { reuse, ...(ref === null ? {} : { ref }) }));
  const target = app === null ? null : rollbackTarget(deployment, app);
  return (
    <div className="actions">
      {mayCancel(deployment) && (
        <button type="button" disabled={busy} onClick={() => run(() => client.cancel(id))}>
          Cancel
        </button>
      )}
      {mayForce(deployment) && (
        <ConfirmButton
          label="End the migration by force"
          title={`End the migration of ${name} #${deployment.number} in the middle?`}
          confirm="End it in the middle"
          disabled={busy}
          onConfirm={() => run(() => client.cancel(id, { force: true }))}
        >
          <p>
            It is being waited for. Ended by force, nobody knows how far it came: the database may be changed by half,
            and nothing of {name} is deployed until somebody has looked at it and lifts the hold.
          </p>
        </ConfirmButton>
      )}
      {target !== null && app !== null && (
        <ConfirmButton
          label={target.isBack ? `Roll back to #${target.number}` : 'Make live again'}
          title={`Make ${name} #${target.number} live?`}
          confirm={`Go to #${target.number}`}
          disabled={busy}
          onConfirm={() => run(() => client.rollback(name, { to: target.number }))}
        >
          <p>
            Visitors get #{target.number}
            {target.message === null ? '' : ` (${target.message})`} in place of #{app.live?.number}, once it is healthy.
            Migrations are not undone, and pushes wait until a person deploys again.
          </p>
        </ConfirmButton>
      )}
      {mayRetry(deployment) && (
        <button
          type="button"
          className="primary"
          disabled={busy}
          title="The same commit, from the stage that failed or the first whose inputs have changed"
          onClick={() => run(() => client.retry(id))}
        >
          Try again
        </button>
      )}
      {isFinal(deployment.status) && (
        <>
          <button
            type="button"
            disabled={busy}
            title="Fetches, installs and builds everything anew"
            onClick={() => again('none')}
          >
            Without cache
          </button>
          <button
            type="button"
            className={mayRetry(deployment) ? '' : 'primary'}
            disabled={busy}
            onClick={() => again('all')}
          >
            Deploy again
          </button>
        </>
      )}
    </div>
  );
}

/** One that ended without success may be tried again; whether a newer one stands in its way is the api's to say. */
function mayRetry({ status, outcome }: Pick<DeploymentView, 'status' | 'outcome'>): boolean {
  return isFinal(status) && outcome !== 'succeeded' && outcome !== 'superseded';
}

/** The live deployment goes back to the one before it; another one, whose release is kept, becomes live itself. */
export function rollbackTarget(
  deployment: Pick<DeploymentView, 'id'>,
  { live, releases }: Pick<AppView, 'live' | 'releases'>,
): { number: number; message: string | null; isBack: boolean } | null {
  if (live === null) return null;
  const isLive = live.deploymentId === deployment.id;
  const target = releases.find((release) =>
    isLive
      ? release.releaseId !== live.releaseId
      : release.deploymentId === deployment.id && release.releaseId !== live.releaseId,
  );
  if (target === undefined) return null;
  return {
    number: target.number,
    message: target.commit === null ? null : firstLine(target.commit.message),
    isBack: isLive,
  };
}
