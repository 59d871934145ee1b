import type { Clock, HostId } from '@switchyard/domain';
import type { ListeningSocket, Platform } from '../platform.ts';
import { type FakeRunner, type FakeRunnerScript, openFakeRunner } from './fake-runner.ts';
import { openFakeSnapshots } from './fake-snapshots.ts';
import { type FakeWorker, type FakeWorkerScript, openFakeWorker } from './fake-worker.ts';

export type { FakeEnd, FakeRun, FakeRunnerScript, FakeStart } from './fake-runner.ts';
export type { FakeCommandResult, FakeWorkerScript } from './fake-worker.ts';

export interface FakePlatformOptions {
  readonly farmId: string;
  readonly hostId: HostId;
  readonly clock: Clock;
  /** How time passes: resolves after `ms` by the clock that was passed in, or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly worker?: FakeWorkerScript;
  readonly runner?: FakeRunnerScript;
  /** Whether instances are told ports that somebody reserved. */
  readonly needsHostPorts?: boolean;
}

export interface FakePlatform extends Platform {
  readonly kind: 'fake';
  readonly worker: FakeWorker;
  readonly runner: FakeRunner;
}

export type { FakeRunner, FakeWorker, ListeningSocket };

/**
 * A platform in memory on which everything happens as a script says, and which throws on misuse that a real one might let pass: two
 * starts of one id with different specs, two contents under one name, a layer that nobody published, an attempt that runs after it was
 * discarded. Nothing is executed.
 */
export function openFakePlatform(options: FakePlatformOptions): FakePlatform {
  const snapshots = openFakeSnapshots(options.hostId, options.clock);
  const worker = openFakeWorker(snapshots, options);
  const runner = openFakeRunner(snapshots, options);
  let closed = false;
  return {
    kind: 'fake',
    worker,
    runner,
    async check() {
      if (closed) throw new Error('check() on a fake platform that is closed');
    },
    async close() {
      closed = true;
    },
  };
}
