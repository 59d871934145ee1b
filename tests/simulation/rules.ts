import {
  DeploymentId,
  type DeploymentStatus,
  type EnvironmentId,
  isFinal,
  LIMITS,
  mayMove,
  ProcessId,
  STEPS,
  StepName,
} from '@switchyard/domain';
import type { Lease } from '@switchyard/queue';
import { z } from 'zod';
// @boundaries-ignore the records of a simulated farm, and what they say, are the queue's own to open
import type { Audit, AuditedDeployment, AuditedEnvironment } from '../../packages/queue/src/testing/simulated-redis.ts';
import { haunt } from './ghost.ts';
import type { Run } from './run.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const NOTHING: Audit = {
  deployments: new Map(),
  environments: [],
  endpoints: [],
  outbox: new Set(),
  leases: new Set(),
  due: new Set(),
  admitted: new Set(),
  slots: new Set(),
};

/** What a fenced command answers to whoever holds no lease any more. */
const isRefused = (answer: unknown): boolean =>
  answer === null ||
  answer === 'lease-lost' ||
  answer === 'lost' ||
  (typeof answer === 'object' && 'answer' in answer && answer.answer === 'lease-lost');

const FENCED =
  /^(chain\.(finish|beat|moveRoute)|claims\.claim|events\.appendLog|instances\.desire|releases\.put|oneOffs\.desire)$/;

const isGated = (step: string): boolean => ['migrate', 'package', 'health', 'switch'].includes(step);

/** What must hold whatever happens: asked after every command that changes something. */
export class Rules {
  readonly #run: Run;
  #last: Audit = NOTHING;
  /** Deployments that have ended, as they ended. */
  readonly ended = new Set<DeploymentId>();
  readonly #all = new Map<DeploymentId, AuditedDeployment>();
  readonly #leaseUntil = new Map<DeploymentId, number>();
  readonly #leasesOf = new Map<string, Lease[]>();

  constructor(run: Run) {
    this.#run = run;
  }

  get all(): ReadonlyMap<DeploymentId, AuditedDeployment> {
    return this.#all;
  }

  get last(): Audit {
    return this.#last;
  }

  tokenOf(id: DeploymentId): string {
    return this.#all.get(id)?.lease ?? '';
  }

  stepOf(id: DeploymentId): StepName | null {
    const step = this.#all.get(id)?.step;
    return STEPS.find((name) => name === step) ?? null;
  }

  /** The step of some deployment that is under way. */
  someStep(): StepName | null {
    const under = this.#run.random.pick([...this.#all.values()].filter(({ id }) => !this.ended.has(id)));
    return under === null ? null : this.stepOf(under.id);
  }

  unfinishedOf(environment: EnvironmentId): DeploymentId[] {
    return [...this.#all.values()]
      .filter(({ id, environmentId }) => environmentId === environment && !this.ended.has(id))
      .map(({ id }) => id);
  }

  isStopped(id: EnvironmentId): boolean {
    return this.#last.environments.find((one) => one.id === id)?.route?.stopped !== undefined;
  }

  /** The deployment in the route, while its cleanup is still to come. */
  liveIn(id: EnvironmentId): DeploymentId | null {
    const live = this.#last.environments.find((one) => one.id === id)?.route?.weights[0]?.deploymentId ?? null;
    return live === null || this.ended.has(live) ? null : live;
  }

  heldEnvironments(): readonly AuditedEnvironment[] {
    return this.#last.environments.filter(({ hold }) => hold?.scope === 'all');
  }

  /** A process that stood still for longer than its leases does afterwards whatever it still can. */
  haunt(process: SimulatedProcess, ms: number): void {
    haunt(this.#run, process, this.#leasesOf.get(process.name) ?? [], ms);
  }

  /** A command's answer, before the records are looked at again. */
  heard(name: string, args: readonly unknown[], answer: unknown, sentAt: number): void {
    const [first] = args;
    if (name === 'chain.begin') this.#heardBegin(answer, sentAt);
    if (name === 'chain.beat' && answer !== 'lost')
      this.#leaseUntil.set(leaseOf(first).deploymentId, sentAt + LIMITS.leaseMs);
    if (!FENCED.test(name) || isRefused(answer)) return;
    const lease = leaseOf(first);
    if (this.tokenOf(lease.deploymentId) !== String(lease.token))
      this.#run.violated(`${name} took the token ${lease.token} of ${lease.deploymentId}, which is not the newest`);
  }

  #heardBegin(answer: unknown, sentAt: number): void {
    if (typeof answer !== 'object' || answer === null || !('lease' in answer)) return;
    const lease = leaseOf(answer.lease);
    const id = lease.deploymentId;
    const until = this.#leaseUntil.get(id) ?? 0;
    if (this.tokenOf(id) !== '' && until > sentAt)
      this.#run.violated(
        `${lease.step} of ${id} was given to a second worker ${until - sentAt} ms before the lease ran out`,
      );
    this.#leaseUntil.set(id, sentAt + LIMITS.leaseMs);
    const holder = this.#run.nameOf(lease.processId);
    this.#leasesOf.set(holder, [...(this.#leasesOf.get(holder) ?? []), lease]);
  }

  saw(audit: Audit): void {
    const before = this.#last;
    this.#last = audit;
    for (const now of audit.deployments.values()) {
      const was = this.#all.get(now.id);
      if (was !== undefined) this.#checkMove(was, now);
      this.#all.set(now.id, now);
    }
    for (const now of audit.deployments.values()) {
      this.#checkDeployment(now, audit);
      if (now.step === '' && isFinal(now.status)) this.#checkEnd(now, audit);
    }
    for (const now of audit.environments) {
      const was = before.environments.find(({ id }) => id === now.id);
      this.#checkGate(now);
      if (was !== undefined && now.route?.id !== was.route?.id) this.#checkRoute(was, now, audit);
    }
    this.#checkSlots(audit);
  }

  #checkMove(was: AuditedDeployment, now: AuditedDeployment): void {
    if (was.status !== now.status && !reaches(was.status, now.status))
      this.#fault(now, `went from ${was.status} to ${now.status}`);
    if (was.outcome !== '' && was.outcome !== now.outcome) this.#fault(now, `was ${was.outcome} and is ${now.outcome}`);
    const went = STEPS.findIndex((step) => step === now.step) - STEPS.findIndex((step) => step === was.step);
    if (now.step !== '' && was.step !== '' && went < 0) this.#fault(now, `went back from ${was.step} to ${now.step}`);
    if (was.liveAt === '' && now.liveAt !== '' && was.cancelRequestedAt !== '')
      this.#fault(now, 'was cancelled and went live');
  }

  #checkDeployment(now: AuditedDeployment, audit: Audit): void {
    const { id } = now;
    if (now.lease !== '' && now.step === '') this.#fault(now, 'is over and has a lease');
    if ((now.lease !== '') !== audit.leases.has(id))
      this.#fault(now, 'has a lease that the sweep does not know, or none that it knows');
    if (now.lease !== '' && now.waiting !== '') this.#fault(now, `runs and waits for ${now.waiting}`);
    if (now.lease !== '' && now.step !== 'pin' && !audit.slots.has(id)) this.#fault(now, 'runs without a slot');
    if (now.waiting !== '' && audit.slots.has(id)) this.#fault(now, `waits for ${now.waiting} and has a slot`);
    if (now.claim !== '' && now.lease === '') this.#fault(now, `has the claim ${now.claim} and no lease`);
    if (now.step === '') return;
    if (now.cancelRequestedAt !== '' && now.outcome === '' && /gate|hold|retry|result/.test(now.waiting))
      this.#fault(now, `was cancelled and waits for ${now.waiting} all the same`);
    if (now.jobId !== '' && !audit.outbox.has(now.jobId) && !this.#run.queue.hasSeen(now.jobId))
      this.#fault(now, `was to be woken by ${now.jobId}, which is neither in the outbox nor was ever in the queue`);
    const stands =
      now.lease !== '' ||
      audit.admitted.has(id) ||
      audit.due.has(id) ||
      now.isInLine ||
      now.isAtGate ||
      now.awaitsResult;
    if (!stands) this.#fault(now, `is at ${now.step} (${now.waiting || 'not waiting'}), and nobody would ever find it`);
  }

  #checkEnd(now: AuditedDeployment, audit: Audit): void {
    this.ended.add(now.id);
    if (now.status !== now.outcome) this.#fault(now, `ended ${now.status}, and was decided ${now.outcome}`);
    if (audit.slots.has(now.id)) this.#fault(now, 'is over and has a slot');
    const wasCancelled = now.cancelRequestedAt !== '' && now.liveAt === '';
    if (wasCancelled && (now.outcome === 'succeeded' || now.outcome === 'superseded'))
      this.#fault(now, `was cancelled before it was live, and ended ${now.outcome}`);
    if (now.outcome === 'succeeded' && now.liveAt === '') this.#fault(now, 'succeeded and was never live');
    if (now.liveAt !== '' && now.outcome !== 'succeeded') this.#fault(now, `was live and ended ${now.outcome}`);
    if (now.outcome === 'superseded') this.#checkSuperseded(now);
  }

  #checkSuperseded(now: AuditedDeployment): void {
    // A restart goes behind all others, also those that come later.
    if (now.stale !== '' || now.trigger === 'restart' || now.trigger === 'start') return;
    const isNewer = (other: AuditedDeployment): boolean =>
      other.environmentId === now.environmentId &&
      Number(other.number) > Number(now.number) &&
      other.trigger !== 'restart' &&
      other.trigger !== 'start';
    const route = this.#last.environments.find(({ id }) => id === now.environmentId)?.route;
    const isOvertaken = [...this.#all.values()].some(isNewer) || (route?.stopped?.before ?? 0) >= Number(now.number);
    if (!isOvertaken) this.#fault(now, 'was superseded although it is the newest');
  }

  #checkGate({ id, gateHolder, hold, gate }: AuditedEnvironment): void {
    if (gateHolder === '') {
      if (gate.length > 0 && hold?.scope !== 'all')
        this.#run.violated(`the gate of ${id} is free, and ${gate.join(', ')} wait for it`);
    } else {
      const holder = this.#all.get(DeploymentId.parse(gateHolder));
      if (holder !== undefined && holder.outcome !== '') this.#fault(holder, `is ${holder.outcome} and has the gate`);
    }
    for (const one of this.#all.values()) {
      if (one.environmentId !== id || one.lease === '' || !isGated(one.step) || one.gateExempt === '1') continue;
      if (gateHolder !== one.id) this.#fault(one, `runs ${one.step} without the gate`);
    }
  }

  #checkRoute({ route: was }: AuditedEnvironment, { id, route }: AuditedEnvironment, audit: Audit): void {
    if (route === null) return this.#run.violated(`the route of ${id} is gone`);
    const [target, ...others] = route.weights;
    const now = target === undefined ? undefined : this.#all.get(target.deploymentId);
    if (target === undefined || now === undefined || others.length > 0)
      return this.#run.violated(`the route of ${id} leads to ${JSON.stringify(route.weights)}`);
    if (was !== null && was.weights[0]?.deploymentId === target.deploymentId) return;
    const turnedBack = was?.weights[0] === undefined ? undefined : this.#all.get(was.weights[0].deploymentId);
    const isTurnBack =
      turnedBack !== undefined &&
      turnedBack.turnedBackAt !== '' &&
      now.liveAt !== '' &&
      was !== null &&
      was.owner === route.owner;
    if (was !== null && route.owner < was.owner && !isTurnBack)
      this.#fault(now, `took the route of ${id} from #${was.owner}, which is newer`);
    if (!isTurnBack) {
      if (now.health !== 'succeeded') this.#fault(now, `is live, and its health check ${now.health}`);
      if (now.step !== 'switch') this.#fault(now, `went live in ${now.step}`);
      if (now.outcome !== '') this.#fault(now, `is ${now.outcome} and went live`);
      if (now.cancelRequestedAt !== '') this.#fault(now, 'was cancelled and went live');
    }
    if (!audit.endpoints.some(({ deploymentId, ready }) => deploymentId === now.id && ready))
      this.#fault(now, 'is live, and no endpoint of it is ready');
  }

  #checkSlots({ slots }: Audit): void {
    if (slots.size > this.#run.slots.farm)
      this.#run.violated(`${slots.size} slots are taken, and ${this.#run.slots.farm} is the most`);
    for (const id of slots) {
      const holder = this.#all.get(id);
      if (holder === undefined || holder.step === '') this.#run.violated(`${id} has a slot and is over`);
    }
  }

  #fault({ id }: AuditedDeployment, what: string): void {
    this.#run.violated(`${id} ${what}`);
  }
}

const LeaseShape = z.object({
  deploymentId: DeploymentId,
  step: StepName,
  token: z.number(),
  processId: ProcessId,
});

function leaseOf(value: unknown): Lease {
  return LeaseShape.parse(value);
}

/** One script may make several moves. */
function reaches(from: DeploymentStatus, to: DeploymentStatus): boolean {
  if (mayMove(from, to)) return true;
  return (
    (mayMove(from, 'running') && reaches('running', to)) || (mayMove(from, 'cancelling') && mayMove('cancelling', to))
  );
}
