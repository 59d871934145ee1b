import { LIMITS, type RouteId, SwitchyardError } from '@switchyard/domain';
import { StageStop } from '../stage-stop.ts';
import { insist, waitUntil } from '../waiting.ts';
import { required, type Stage, type StageContext } from './stage.ts';

const ROUTER_POLL_MS = 250;
/** Endpoints that were ready at the end of the health stage are missing for a moment at most: while an instance is started again. */
const ENDPOINT_WAIT_MS = 5_000;

const noHint = (): (() => void) => () => undefined;

function noRouter(): SwitchyardError {
  return new SwitchyardError('no-router', 'No router is alive to take the new route. Start one.');
}

async function waitForRouter({ records, signal, clock, log }: StageContext): Promise<void> {
  if ((await insist(signal, () => records.processes.alive('router'))).length > 0) return;
  log.say('No router is alive; waiting for one.');
  const alive = await waitUntil(async () => ((await records.processes.alive('router')).length > 0 ? true : null), {
    onHint: noHint,
    until: clock() + LIMITS.routeAckTimeoutMs,
    signal,
    clock,
    pollMs: ROUTER_POLL_MS,
  });
  if (alive === null) throw noRouter();
}

type Moved = { readonly routeId: RouteId } | 'outdated' | 'stopped';

async function moveRoute(context: StageContext): Promise<Moved> {
  const { records, lease, deployment, signal, clock } = context;
  const releaseId = required(deployment.artifacts.releaseId, 'release');
  const desired = await insist(signal, () => records.instances.ofDeployment(deployment.id));
  const target = { releaseId, minReady: Math.max(1, desired.length) };
  const answer = await waitUntil(
    async () => {
      const moved = await records.chain.moveRoute(lease, target);
      return moved.answer === 'not-ready' ? null : moved;
    },
    { onHint: (listener) => records.routing.onChange(listener), until: clock() + ENDPOINT_WAIT_MS, signal, clock },
  );
  switch (answer?.answer) {
    case undefined:
    case 'not-ready':
      throw new SwitchyardError(
        'endpoints-not-ready',
        'The new instances were healthy, but not all of them take requests now; the route stays where it is.',
      );
    case 'moved':
      return { routeId: answer.routeId };
    case 'outdated':
    case 'stopped':
      return answer.answer;
    case 'cancelled':
      throw new StageStop('cancel');
    case 'lease-lost':
      throw new StageStop('lost');
  }
}

const OVERTAKEN = 'The route has been moved on meanwhile; nobody waits for this one any more.';

/**
 * Waits until every router that is alive serves the route; takes those that don't out of the count. A route that is not the environment's
 * any more (a rollback came, or the app is being deleted) is served by no healthy router: nobody is left out for that.
 */
async function waitForRouters(context: StageContext, routeId: RouteId): Promise<string> {
  const { records, deployment, signal, clock } = context;
  const ask = () => records.routing.acknowledgement(deployment.environmentId, routeId);
  const isCurrent = async () => (await records.routing.route(deployment.environmentId))?.id === routeId;
  const all = await waitUntil(
    async () => {
      const { alive, pending } = await ask();
      if (alive > 0 && pending.length === 0) return alive;
      return (await isCurrent()) ? null : 'overtaken';
    },
    {
      onHint: (listener) => records.routing.onAcknowledge(listener),
      until: clock() + LIMITS.routeAckTimeoutMs,
      signal,
      clock,
    },
  );
  if (all === 'overtaken') return OVERTAKEN;
  if (all !== null)
    return all === 1 ? 'The router serves the new version.' : `All ${all} routers serve the new version.`;
  const { alive, pending } = await insist(signal, ask);
  if (!(await insist(signal, isCurrent))) return OVERTAKEN;
  if (alive === 0) throw noRouter();
  for (const router of pending) await insist(signal, () => records.routing.fence(router));
  const within = `within ${LIMITS.routeAckTimeoutMs / 1_000} s`;
  return pending.length === 0
    ? 'The routers serve the new version.'
    : `${alive - pending.length} of ${alive} routers serve the new version; ${pending.join(', ')} did not say so ${within} and is left out.`;
}

/** Moves the visitors. Safe to repeat: the second time finds the route where it put it. */
export const switchTraffic: Stage = async (context) => {
  await waitForRouter(context);
  const moved = await moveRoute(context);
  if (moved === 'outdated')
    return { kind: 'superseded', note: 'A newer deployment has the route; this one is not made live.' };
  if (moved === 'stopped')
    return { kind: 'superseded', note: 'The app was stopped after this was asked for; it is not made live.' };
  context.faultPoint('moved');
  const note = await waitForRouters(context, moved.routeId);
  context.log.say(note);
  if (note !== OVERTAKEN) context.log.say(`Live: ${context.url}`);
  return { kind: 'succeeded', note };
};
