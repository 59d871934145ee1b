import type { DesiredInstance } from '@switchyard/domain';
import type { RunnerPlatform } from '@switchyard/platform';
import { checkHealth } from './health-check.ts';
import { type HealthVerdict, wrongPortMessage } from './health-decision.ts';
import { type Address, reachableAddress } from './reachable-address.ts';

/** How long an instance that listens on another port than it was told is given to open that one too. */
const OTHER_PORT_GRACE_MS = 1_000;

export interface Look {
  readonly verdict: HealthVerdict;
  /** Where visitors can be sent when it is well. */
  readonly address: Address | null;
}

const UNWELL = { healthy: false, path: null, status: null } as const;

/** One look at an instance: do its own processes listen, where, and what do they answer? `told`: where it was told to listen. */
export async function lookAt(
  platform: Pick<RunnerPlatform, 'listeningSockets'>,
  desired: DesiredInstance,
  told: Address,
  waitedMs: number,
): Promise<Look> {
  // Its own sockets first: somebody else's answer on that port says nothing about it.
  const reach = reachableAddress(told, await platform.listeningSockets(desired.id));
  if (reach.kind === 'nothing-listens') {
    const message = `Nothing listens yet; PORT is ${told.port}.`;
    return { verdict: { ...UNWELL, failure: 'nothing-listens', message }, address: null };
  }
  if (reach.kind === 'loopback-only') {
    const message = `It listens on ${reach.port}, but only on the loopback address of its own network. Listen on 0.0.0.0 (HOST says so).`;
    return { verdict: { ...UNWELL, failure: 'loopback-only', message }, address: null };
  }
  const { address, asTold } = reach;
  const elsewhere = asTold ? null : wrongPortMessage(address.port, told.port);
  if (elsewhere !== null && waitedMs < OTHER_PORT_GRACE_MS)
    return { verdict: { ...UNWELL, failure: 'wrong-port', message: elsewhere }, address: null };
  const verdict = await checkHealth(address, desired.health.path, hostHeader(desired));
  const message = elsewhere === null ? verdict.message : `${elsewhere} ${verdict.message}`;
  return { verdict: { ...verdict, message }, address };
}

/** Frameworks that check the host (Django, Rails) have to see the one that visitors use. */
function hostHeader({ env, appName }: DesiredInstance): string {
  const url = env['SWITCHYARD_URL'];
  return url !== undefined && URL.canParse(url) ? new URL(url).host : `${appName}.localhost`;
}
