import { type Clock, type DesiredInstance, formatBytes, LIMITS, type ObservedInstance } from '@switchyard/domain';
import type { FoundProcess, RunnerPlatform } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import { decideBackoff } from './backoff.ts';
import type { HealthVerdict } from './health-decision.ts';
import { nextLookMs } from './health-pace.ts';
import { lookAt } from './instance-look.ts';
import { InstanceVariables } from './instance-variables.ts';
import { memoryUse } from './memory-use.ts';
import { OutputShipper, type OutputShipperParts } from './output-shipper.ts';
import { OutputTail } from './output-tail.ts';
import type { Ports } from './ports.ts';
import type { Address } from './reachable-address.ts';
import type { Reporter } from './reporter.ts';
import type { RunVariables } from './run-variables.ts';
import { startBaseOf } from './start-base.ts';
import type { StartedSecrets } from './started-secrets.ts';
import { Wake } from './wake.ts';

/** The port of an instance that has a network to itself. */
const OWN_NETWORK_PORT = 8080;
const DRAIN_POLL_MS = 100;
const IDLE_MS = 60_000;

export interface KeeperParts {
  readonly platform: RunnerPlatform;
  readonly routing: Pick<Store['routing'], 'inFlight'>;
  readonly instances: Pick<Store['instances'], 'withdraw'>;
  readonly output: Pick<OutputShipperParts, 'output' | 'archiver'>;
  readonly reporter: Reporter;
  readonly ports: Ports;
  readonly variables: Pick<RunVariables, 'read'>;
  readonly startedSecrets: StartedSecrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRestart: (why: { outOfMemory: boolean }) => void;
}

/**
 * Looks after one instance: starts or adopts it, waits until it is well, lets it be reached, starts it again when it ends, drains and
 * stops it. One loop; whatever happens outside only wakes it.
 */
export class InstanceKeeper {
  readonly #parts: KeeperParts;
  readonly #tail: OutputTail;
  readonly #output: OutputShipper;
  readonly #variables: InstanceVariables;
  readonly #wake = new Wake();
  #desired: DesiredInstance;
  #found: FoundProcess | null;
  #ending: 'let-go' | 'stop-only' | 'leave' | null = null;
  #observed: ObservedInstance;
  #crashes = 0;
  #actedAt = performance.now();
  /** Resolves when the instance is gone, or left to the next runner. */
  readonly done: Promise<void>;

  /** `found` is what runs already under this id: it is adopted, not started. */
  constructor(parts: KeeperParts, desired: DesiredInstance, found: FoundProcess | null) {
    this.#parts = parts;
    this.#desired = desired;
    this.#found = found;
    this.#tail = new OutputTail(parts.platform, desired.id);
    const { id: instanceId, hostId, environmentId, deploymentId } = desired;
    this.#output = new OutputShipper(
      { ...parts, ...parts.output },
      { instanceId, hostId, environmentId, deploymentId },
    );
    this.#variables = new InstanceVariables(parts.variables, parts.startedSecrets, desired);
    this.#observed = {
      v: 1,
      id: desired.id,
      hostId: desired.hostId,
      deploymentId: desired.deploymentId,
      state: 'starting',
      address: null,
      pid: found?.pid ?? null,
      startedAt: found?.startedAt ?? null,
      restarts: 0,
      lastExit: null,
      health: null,
      outputTail: [],
      at: parts.clock(),
    };
    this.done = this.#run().catch(async (error: unknown) => {
      parts.log.error({ err: error, instanceId: desired.id }, 'the loop of an instance ended');
      // Whoever looks after the instance next follows its output too.
      await this.#output.leave();
    });
  }

  get state(): ObservedInstance['state'] {
    return this.#observed.state;
  }

  /** The desired instance as it is now: it may have to drain. */
  update(desired: DesiredInstance): void {
    if (desired.mode === this.#desired.mode) return;
    this.#desired = desired;
    this.#wake.wake();
  }

  /**
   * What the platform saw of it, null when nothing ran under its id. `askedAt` (of `performance.now()`) is when it was asked: what is older
   * than this keeper's own last act is not news.
   */
  see(found: FoundProcess | null, askedAt: number): void {
    if (askedAt < this.#actedAt || found?.state === this.#found?.state) return;
    if (found !== null) this.#found = found;
    else if (this.#found !== null) this.#found = { ...this.#found, state: 'exited' };
    this.#wake.wake();
  }

  #act(found: FoundProcess | null): void {
    this.#found = found;
    this.#actedAt = performance.now();
  }

  /** Nobody wants it any more: it is stopped and forgotten. */
  letGo(): void {
    this.#ending ??= 'let-go';
    this.#wake.wake();
  }

  /** The runner ends. `stop`: the instance is stopped and stays wanted; otherwise it goes on without a runner. */
  leave(options: { stop: boolean }): void {
    this.#ending ??= options.stop ? 'stop-only' : 'leave';
    this.#wake.wake();
  }

  async #run(): Promise<void> {
    const { ports, platform } = this.#parts;
    const address = this.#found?.address;
    if (platform.needsHostPorts && address !== null && address !== undefined)
      await ports.adopt(this.#desired.id, address.port);
    // For its next start, should Redis be away then.
    if (this.#found !== null) await this.#learn();
    this.#followOutput(this.#found);
    while (this.#ending === null && this.#desired.mode === 'run') {
      if (this.#found?.state === 'exited') await this.#afterExit(this.#found);
      else if (this.#found === null) await this.#start();
      else if (this.#observed.state === 'healthy') await this.#wake.sleep(IDLE_MS);
      else await this.#becomeHealthy(this.#found);
    }
    if (this.#ending === null) await this.#drain();
    if (this.#asked() === 'leave') await this.#output.leave();
    else await this.#stop();
  }

  #followOutput(found: FoundProcess | null): void {
    if (found !== null) this.#output.begin(found, () => this.#needles());
  }

  /** What of this instance's output nothing may show; null while that is not known. */
  async #needles(): Promise<readonly string[] | null> {
    if (this.#variables.needles() === null) await this.#variables.read();
    return this.#variables.needles();
  }

  /** The ending, read anew: it changes while the loop waits. */
  #asked(): 'let-go' | 'stop-only' | 'leave' | null {
    return this.#ending;
  }

  async #start(): Promise<void> {
    const { platform, ports, reporter, clock, log } = this.#parts;
    const { id, start, deploymentId } = this.#desired;
    try {
      const port = platform.needsHostPorts ? await ports.reserve(id) : OWN_NETWORK_PORT;
      const variables = await this.#variables.read();
      this.#tail.reset(this.#variables.needles() ?? []);
      // What an earlier runner wrote, before this host went down.
      reporter.endpoint(id, null);
      const address = { PORT: String(port), HOST: platform.needsHostPorts ? '127.0.0.1' : '0.0.0.0' };
      const base = startBaseOf(this.#desired, { ...variables, ...address });
      const started = await platform.startInstance({ ...base, id, start, port });
      this.#act(started);
      this.#followOutput(started);
      log.info({ instanceId: id, deploymentId, port }, `started an instance of ${this.#desired.appName}`);
      this.#tell({
        state: 'starting',
        pid: started.pid,
        startedAt: started.startedAt,
        address: started.address,
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.error({ err: error, instanceId: id, deploymentId }, 'could not start an instance');
      const { crashes, delayMs } = decideBackoff({ crashes: this.#crashes, startedAt: clock() }, clock());
      this.#crashes = crashes;
      this.#tell({
        state: 'unhealthy',
        health: { failure: 'not-started', path: null, status: null, message, checkedAt: clock() },
      });
      await this.#wake.sleep(delayMs);
    }
  }

  async #afterExit(found: FoundProcess): Promise<void> {
    const { platform, reporter, clock, log } = this.#parts;
    const { id, deploymentId, appName } = this.#desired;
    const now = clock();
    reporter.endpoint(id, null);
    const { crashes, delayMs } = decideBackoff({ crashes: this.#crashes, startedAt: found.startedAt }, now);
    this.#crashes = crashes;
    const memory = memoryUse(found, this.#desired.limits);
    const why =
      memory?.outOfMemory === true ? `, out of memory (its limit is ${formatBytes(memory.memoryLimitBytes)})` : '';
    const how =
      found.exit?.signal === null || found.exit?.signal === undefined
        ? `with code ${found.exit?.code ?? 'unknown'}${why}`
        : `by ${found.exit.signal}${why}`;
    log.warn(
      { instanceId: id, deploymentId, exit: found.exit, memory },
      `an instance of ${appName} ended ${how}; starting it again in ${delayMs} ms`,
    );
    this.#tell({
      state: 'backoff',
      pid: null,
      address: null,
      lastExit: { code: found.exit?.code ?? null, signal: found.exit?.signal ?? null, at: now, memory },
      health: { failure: 'exited', path: null, status: null, message: `It ended ${how}.`, checkedAt: now },
      outputTail: await this.#readTail(),
      restarts: this.#observed.restarts + 1,
    });
    await this.#output.finish();
    await platform.remove(id);
    this.#act(null);
    this.#parts.onRestart({ outOfMemory: found.outOfMemory });
    const until = now + delayMs;
    while (this.#mayGoOn() && clock() < until) await this.#wake.sleep(until - clock());
  }

  #mayGoOn(): boolean {
    return this.#ending === null && this.#desired.mode === 'run';
  }

  async #becomeHealthy(found: FoundProcess): Promise<void> {
    const { clock, platform } = this.#parts;
    const { health } = this.#desired;
    const limit = Math.max(found.startedAt, this.#observed.startedAt ?? 0) + health.timeLimitMs;
    const since = clock();
    while (this.#mayGoOn() && this.#found === found) {
      const { verdict, address } = await lookAt(platform, this.#desired, this.#told(found), clock() - since);
      if (this.#found !== found || !this.#mayGoOn()) return;
      if (verdict.healthy && address !== null) {
        this.#admit(verdict, address);
        return;
      }
      const state = clock() >= limit ? 'unhealthy' : 'starting';
      await this.#tellFailure(state, verdict);
      await this.#wake.sleep(nextLookMs(clock() - since));
    }
  }

  /** Where it was told to listen. */
  #told({ id, address }: FoundProcess): Address {
    const { platform, ports } = this.#parts;
    const port = (platform.needsHostPorts ? ports.of(id) : null) ?? address?.port ?? OWN_NETWORK_PORT;
    return { host: address?.host ?? '127.0.0.1', port };
  }

  #admit(verdict: HealthVerdict, address: Address): void {
    const { reporter, clock } = this.#parts;
    const { id, environmentId, deploymentId } = this.#desired;
    reporter.endpoint(id, { instanceId: id, environmentId, deploymentId, ...address, ready: true });
    const { failure, path, status, message } = verdict;
    this.#tell({ state: 'healthy', address, health: { failure, path, status, message, checkedAt: clock() } });
  }

  async #tellFailure(
    state: 'starting' | 'unhealthy',
    { failure, path, status, message }: HealthVerdict,
  ): Promise<void> {
    const before = this.#observed;
    if (before.state === state && before.health?.message === message) return;
    this.#tell({
      state,
      health: { failure, path, status, message, checkedAt: this.#parts.clock() },
      outputTail: await this.#readTail(),
    });
  }

  async #learn(): Promise<void> {
    await this.#variables
      .read()
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error, instanceId: this.#desired.id }, 'no variables yet'),
      );
    this.#tail.reset(this.#variables.needles() ?? []);
  }

  /** Of an adopted instance nothing is shown before it is known what must not be. */
  async #readTail(): Promise<string[]> {
    if (this.#variables.needles() === null) await this.#learn();
    return this.#variables.needles() === null ? [] : await this.#tail.read();
  }

  /** No new requests from now on; over when none is in flight any more, or at the limit. */
  async #drain(): Promise<void> {
    const { reporter, routing, clock } = this.#parts;
    const { id, environmentId, drainUntil } = this.#desired;
    reporter.endpoint(id, null);
    this.#tell({ state: 'draining' });
    while (this.#asked() === null && clock() < (drainUntil ?? 0) && this.#found?.state === 'running') {
      const { count, unsure } = await routing.inFlight({ id, environmentId }).catch(() => ({ count: 0, unsure: true }));
      if (count === 0 && !unsure) break;
      await this.#wake.sleep(DRAIN_POLL_MS);
    }
  }

  async #stop(): Promise<void> {
    const { platform, reporter, ports, instances, log } = this.#parts;
    const { id, deploymentId, appName } = this.#desired;
    reporter.endpoint(id, null);
    this.#tell({ state: 'stopping' });
    if (this.#found !== null) {
      await platform.stop(id, { graceMs: LIMITS.instanceGraceMs });
      await this.#output.finish();
      await platform.remove(id);
      log.info({ instanceId: id, deploymentId }, `stopped an instance of ${appName}`);
    }
    await ports.release(id);
    if (this.#ending === 'stop-only') {
      await this.#output.leave();
      this.#tell({ state: 'gone', pid: null, address: null });
      return;
    }
    await this.#output.end();
    await this.#variables.forget();
    reporter.forget(id);
    // After a drain the wish is still there; after `letGo` it is not, and this does nothing.
    await instances
      .withdraw([id])
      .catch((error: unknown) => log.warn({ err: error, instanceId: id }, 'could not withdraw a drained instance'));
  }

  #tell(change: Partial<ObservedInstance>): void {
    const { health } = change;
    // What an app answers may be part of the message.
    const masked = health == null ? {} : { health: { ...health, message: this.#variables.mask(health.message) } };
    this.#observed = { ...this.#observed, ...change, ...masked, at: this.#parts.clock() };
    this.#parts.reporter.observed(this.#observed);
  }
}
