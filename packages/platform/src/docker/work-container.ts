import type { Duplex } from 'node:stream';
import { LIMITS } from '@switchyard/domain';
import type { Container, ContainerCreateOptions } from 'dockerode';
import { END_POLITELY } from './container-scripts.ts';
import { asDuplex, type Engine } from './engine.ts';
import { unlessGone } from './engine-errors.ts';
import { execute } from './exec.ts';
import { USER } from './names.ts';

/**
 * A container that commands are executed in. It lives as long as this process holds its standard input: a worker that dies takes it
 * along. `end` is always called; it resolves when nothing of the container is left.
 */
export interface WorkContainer {
  readonly container: Container;
  start(): Promise<void>;
  /** SIGTERM to all processes of the user. */
  endPolitely(): Promise<void>;
  end(): Promise<void>;
}

export async function openWorkContainer(engine: Engine, options: ContainerCreateOptions): Promise<WorkContainer> {
  const container = await engine.createContainer(options);
  let held: Duplex | undefined;
  return {
    container,
    async start() {
      held = await attachInput(container);
      await container.start();
    },
    async endPolitely() {
      await execute(container, { command: ['/bin/sh', '-c', END_POLITELY], user: USER });
    },
    async end() {
      held?.destroy();
      await removeContainer(container);
    },
  };
}

/** The container's standard input, before it is started. That it breaks is noticed by what else is done with the container. */
export async function attachInput(container: Container): Promise<Duplex> {
  const input = asDuplex(await container.attach({ stream: true, stdin: true, hijack: true }));
  input.on('error', () => {});
  return input;
}

/** Kills and removes a container; resolves when the engine does not know it any more. */
export async function removeContainer(container: Container): Promise<void> {
  await unlessGone(container.remove({ force: true, v: true }));
  // Where the engine was removing it already (it had ended by itself), that has an end too.
  await unlessGone(container.wait({ condition: 'removed' }));
}

/** Whether something settles within the grace of commands. */
export async function withinGrace(promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LIMITS.commandGraceMs);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
