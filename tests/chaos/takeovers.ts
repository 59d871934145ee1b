import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { openToApps } from '../harness/shop.ts';
import { type System, startSystem } from '../harness/system.ts';
import { waitFor } from '../harness/wait-for.ts';
import { type Chance, chanceOf } from './random.ts';

const BEGIN_TIMEOUT_MS = 90_000;
const TOGETHER = 6;

/** Milliseconds from the end of a worker, or the word to stop, to the moment at which another has begun its build anew. */
export interface Takeovers {
  readonly killed: readonly number[];
  readonly stopped: readonly number[];
}

/**
 * Builds that wait, several at once under one worker; it is killed (told to stop) at some moment of their leases, and each build writes
 * down when it begins again. The one that goes is the one that was there longest: it leads the sweep.
 */
export async function measureTakeovers(options: {
  readonly seed: number;
  readonly rounds: number;
  readonly say?: (line: string) => void;
}): Promise<Takeovers> {
  const chance = chanceOf(options.seed);
  const outside = await openToApps(await mkdtemp(join(tmpdir(), 'takeovers-')));
  const system = await startSystem({ env: { SWITCHYARD_WORKER_CONCURRENCY: String(TOGETHER * 2) } });
  const repositories: Repository[] = [];
  const taken = { killed: [] as number[], stopped: [] as number[] };
  try {
    for (let index = 0; index < TOGETHER; index += 1) {
      const repository = await createRepository({ 'README.md': '' });
      repositories.push(repository);
      await system.client.createApp({ name: `waits-${index}`, repository: repository.url });
    }
    for (let round = 0; round < options.rounds * 2; round += 1) {
      const how = round % 2 === 0 ? 'killed' : 'stopped';
      const times = await oneRound(system, repositories, join(outside, String(round)), how, chance);
      taken[how].push(...times);
      options.say?.(`${how}: ${times.join(' ')} ms`);
    }
    return taken;
  } finally {
    await system.stop();
    for (const repository of repositories) await repository.remove();
    await rm(outside, { recursive: true, force: true });
  }
}

async function oneRound(
  system: System,
  repositories: readonly Repository[],
  mark: string,
  how: keyof Takeovers,
  chance: Chance,
): Promise<number[]> {
  const begins = async (index: number): Promise<number[]> => {
    const file = `${mark}-${index}.begun`;
    return existsSync(file) ? (await readFile(file, 'utf8')).trim().split('\n').map(Number) : [];
  };
  const ids: string[] = [];
  for (const [index, repository] of repositories.entries()) {
    const build = `sh -c 'date +%s%3N >> ${mark}-${index}.begun; while [ ! -e ${mark}.go ]; do sleep 0.1; done'`;
    await repository.commit(nodeApp({ says: mark, build }));
    ids.push((await system.client.deploy(`waits-${index}`)).id);
  }
  const allBegan = (times: number) => async () =>
    (await Promise.all(ids.map((_, index) => begins(index)))).every(({ length }) => length === times);
  await waitFor('all builds have begun', allBegan(1), BEGIN_TIMEOUT_MS);
  const [leaving] = system.running('worker');
  const next = system.start('worker');
  const isThere = async () => (await system.client.processes()).some(({ pid }) => pid === next.pid);
  await waitFor('the next worker is there', isThere, BEGIN_TIMEOUT_MS);
  await pause(chance.between(500, 5_500));
  const at = Date.now();
  leaving?.send(how === 'killed' ? 'SIGKILL' : 'SIGTERM');
  await waitFor('all builds have begun again', allBegan(2), BEGIN_TIMEOUT_MS);
  const times = (await Promise.all(ids.map((_, index) => begins(index)))).map((lines) => (lines[1] ?? 0) - at);
  await writeFile(`${mark}.go`, '');
  for (const id of ids) await system.waitUntilEnded(id);
  return times;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
