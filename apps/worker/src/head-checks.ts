import {
  type App,
  type AppId,
  type Clock,
  LIMITS,
  type ProcessId,
  type SourceCredential,
  SwitchyardError,
} from '@switchyard/domain';
import type { Sources } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import { startRounds } from './rounds.ts';

export interface HeadCheckOptions {
  readonly store: Pick<Store, 'apps' | 'chain' | 'deployments' | 'processes' | 'webhooks'>;
  readonly sources: Pick<Sources, 'head'>;
  /** How an app's repository is opened; null for one that is open to all. */
  readonly credentialOf: (id: AppId) => Promise<SourceCredential | null>;
  readonly processId: ProcessId;
  /** 0: nothing is looked at. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** 0 ≤ jitter < 1. */
  readonly jitter: () => number;
  readonly log: Log;
}

/** A leader that died is replaced after this many of its ticks. */
const TERM_TICKS = 10;
/** Looks are spread by this share of the interval, so that repositories of one host are not asked all at once. */
const SPREAD = 0.2;

/** When a repository is asked again: in the interval, and half as often after each failure in a row. Never all at the same time. */
export function nextCheckAt(now: number, intervalMs: number, failures: number, jitter: number): number {
  const most = Math.max(intervalMs, LIMITS.headCheckMaxIntervalMs);
  const wait = Math.min(intervalMs * 2 ** failures, most);
  return now + Math.round(wait * (1 - SPREAD / 2 + SPREAD * jitter));
}

interface Watched {
  dueAt: number;
  failures: number;
}

/**
 * Makes good what a missed webhook has left undeployed: one worker at a time asks for the heads of the branches of apps that pushes
 * deploy, and hands in those that no deployment has had.
 */
export class HeadChecks {
  readonly #options: HeadCheckOptions;
  readonly #watched = new Map<AppId, Watched>();
  readonly #stop = new AbortController();

  constructor(options: HeadCheckOptions) {
    this.#options = options;
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stop.abort();
  }

  /** Looks at everything that is due. */
  async tick(): Promise<void> {
    const { store, processId, clock } = this.#options;
    if (!(await store.processes.lead('heads', processId, LIMITS.headCheckTickMs * TERM_TICKS))) {
      this.#watched.clear();
      return;
    }
    const apps = await store.apps.list();
    for (const id of this.#watched.keys()) if (!apps.some((app) => app.id === id)) this.#watched.delete(id);
    const due = apps.filter((app) => this.#watch(app).dueAt <= clock());
    const lanes = Array.from({ length: LIMITS.headChecksAtOnce }, async () => {
      for (let app = due.shift(); app !== undefined && !this.#stop.signal.aborted; app = due.shift())
        await this.#check(app);
    });
    await Promise.all(lanes);
  }

  /** One that is new is looked at somewhere in the first interval. */
  #watch({ id }: App): Watched {
    const { clock, intervalMs, jitter } = this.#options;
    const watched = this.#watched.get(id) ?? { dueAt: clock() + Math.round(intervalMs * jitter()), failures: 0 };
    this.#watched.set(id, watched);
    return watched;
  }

  async #check(app: App): Promise<void> {
    const { intervalMs, clock, jitter, log } = this.#options;
    const watched = this.#watch(app);
    try {
      await this.#look(app);
      watched.failures = 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      watched.failures += 1;
      // By its code: the message has the host's own words, which may repeat the credential that it was shown.
      const cause = error instanceof SwitchyardError ? error.code : 'internal';
      log.debug({ cause, app: app.name, failures: watched.failures }, 'the head of a branch could not be seen');
    }
    watched.dueAt = nextCheckAt(clock(), intervalMs, watched.failures, jitter());
  }

  async #look(app: App): Promise<void> {
    const { store, sources, credentialOf, log } = this.#options;
    const { id: appId, repository, branch } = app;
    // Pushes deploy an app once it has a webhook secret, and once somebody has deployed it for the first time.
    if (repository === null || !(await store.webhooks.generation(appId))) return;
    if ((await store.deployments.listOfApp(appId, { before: null, limit: 1 })).length === 0) return;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMITS.headCheckTimeoutMs)]);
    const head = await sources.head({ repository, credential: await credentialOf(appId), branch, signal });
    const environment = (await store.apps.environments(appId)).find(({ name }) => name === 'production');
    if (head === null || environment === undefined) return;
    const answer = await store.chain.acceptHead({
      appId,
      environmentId: environment.id,
      ref: head.branch,
      sha: head.sha,
    });
    if (answer.answer === 'accepted')
      log.info(
        { app: app.name, sha: head.sha, deploymentId: answer.deployment.id },
        'deploying a push that no webhook told of',
      );
  }
}

/** Looks again and again, one round after the other; stop ends what is under way and waits for it. */
export function startHeadChecks(options: HeadCheckOptions): { stop(): Promise<void> } {
  if (options.intervalMs === 0) return { stop: async () => undefined };
  const checks = new HeadChecks(options);
  const rounds = startRounds(
    LIMITS.headCheckTickMs,
    () => checks.tick(),
    (error) => options.log.warn({ err: error }, 'heads could not be looked at; it is tried again'),
  );
  return {
    async stop() {
      checks.stop();
      await rounds.stop();
    },
  };
}
