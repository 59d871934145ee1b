import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Canary,
  filesWithTrace,
  holdsTrace,
  listenToRedis,
  newCanary,
  watchCommandLines,
} from '../harness/canary.ts';
import { nodeApp } from '../harness/node-app.ts';
import { processesWith } from '../harness/process-table.ts';
import { createRepository, type Files, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

/** Prints a variable in the forms in which tools print them. */
const SHOW = `
const value = process.env[process.argv[2]];
console.log('raw', value);
console.log('base64', Buffer.from('user:' + value).toString('base64'));
console.log('url', 'https://user:' + encodeURIComponent(value) + '@host/');
console.log('json', JSON.stringify({ value }));
for (const piece of value) process.stdout.write(piece);
console.log();
`;
const HASH = `require('node:crypto').createHash('sha256').update(process.env.NAME || 'nothing').digest('hex')`;

/** Says what its build, its migration and itself have seen, as hashes. */
function app({ atStart = '' } = {}): Files {
  return {
    ...nodeApp({ says: '', build: 'node show.js BUILD_TOKEN && node build.js', migrate: 'node show.js RUN_TOKEN' }),
    'show.js': SHOW,
    'build.js': `
      require('node:fs').mkdirSync('dist');
      require('node:fs').writeFileSync('dist/hash', ${HASH.replace('NAME', 'BUILD_TOKEN')});
      if (process.env.RUN_TOKEN !== undefined) throw new Error('a build sees what is for running alone');
    `,
    'server.js': `
      const built = require('node:fs').readFileSync('dist/hash', 'utf8');
      const told = { built, run: ${HASH.replace('NAME', 'RUN_TOKEN')}, build: ${HASH.replace('NAME', 'BUILD_TOKEN')} };
      ${atStart}
      const server = require('node:http').createServer((request, response) => response.end(JSON.stringify(told)));
      server.listen(Number(process.env.PORT), process.env.HOST);
      process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
    `,
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

let system: System;
let repository: Repository;
let redis: ReturnType<typeof listenToRedis>;
const canaries: Canary[] = [];
/** Whatever the api answered with. */
const answers: string[] = [];

function canary(): Canary {
  const made = newCanary();
  canaries.push(made);
  return made;
}

beforeAll(async () => {
  system = await startSystem();
  redis = listenToRedis(system.redis);
  repository = await createRepository(app());
  await system.client.createApp({ name: 'shop', repository: repository.url });
});

afterAll(async () => {
  redis?.stop();
  await system?.stop();
  await repository?.remove();
});

/** The command as a user runs it. */
async function switchyard(args: readonly string[], input: string): Promise<string> {
  const entry = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
  const env = { PATH: process.env['PATH'] ?? '', SWITCHYARD_URL: system.apiUrl, SWITCHYARD_TOKEN: system.token };
  return await new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [entry, ...args], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout + stderr);
      else reject(new Error(stdout + stderr));
    });
    child.stdin?.end(input);
  });
}

async function told(): Promise<unknown> {
  return JSON.parse((await system.visit('shop')).body);
}

/** Deploys and keeps all that is told of it. */
async function deploy(): Promise<DeploymentView> {
  const { id } = await system.client.deploy('shop');
  for await (const event of system.client.events(id)) answers.push(JSON.stringify(event));
  answers.push(await system.logsOf(id));
  const deployment = await system.waitUntilEnded(id);
  answers.push(JSON.stringify(deployment));
  return deployment;
}

const cacheOf = (deployment: DeploymentView, name: string) =>
  deployment.stages.find((stage) => stage.name === name)?.cache ?? null;

describe.sequential('variables of an app', { timeout: 120_000 }, () => {
  let build: Canary;
  let run: Canary;

  it('reach build, migration and instances according to their scope, and no command line', async () => {
    build = canary();
    run = canary();
    const dotenv = `# of the build\nBUILD_TOKEN='${build.value}'\n`;
    const said = [
      await switchyard(['variables', 'set', 'shop', 'RUN_TOKEN', '-', '--scope', 'run'], `${run.value}\n`),
      await switchyard(['variables', 'import', 'shop', '-', '--scope', 'build'], dotenv),
      await switchyard(['variables', 'list', 'shop'], ''),
    ].join('');
    expect(said).toContain('RUN_TOKEN');
    expect(said).toContain('BUILD_TOKEN');
    answers.push(said);

    const watch = watchCommandLines(canaries);
    const deployment = await deploy();
    const { looks, found } = await watch.stop();
    expect(deployment.diagnosis, answers.at(-2)).toBeNull();
    expect(deployment.status).toBe('succeeded');
    expect(await told()).toEqual({ built: hash(build.value), run: hash(run.value), build: hash('nothing') });
    expect(found).toEqual([]);
    expect(looks).toBeGreaterThan(5);
  });

  it('are masked where build and migration print them', async () => {
    const [first] = (await system.client.deployments('shop')).deployments;
    for (const stage of ['build', 'migrate'] as const) {
      let log = '';
      for await (const piece of system.client.logs(first?.id ?? '', { stage })) log += piece;
      expect(log).toContain('raw ***');
      expect(log).toMatch(/base64 \S*\*\*\*/);
      expect(log).toContain('url https://user:***@host/');
      expect(log).toContain('json {"value":"***"}');
    }
  });

  it('of the same value cost no build; a changed one of the build is a cache miss that names it', async () => {
    const again = await deploy();
    expect(cacheOf(again, 'install')).toMatchObject({ result: 'hit' });
    expect(cacheOf(again, 'build')).toMatchObject({ result: 'hit' });
    build = canary();
    await system.client.setVariable('shop', 'BUILD_TOKEN', { value: build.value });
    const changed = await deploy();
    expect(changed.status).toBe('succeeded');
    expect(cacheOf(changed, 'build')).toMatchObject({ result: 'miss' });
    expect(cacheOf(changed, 'build')?.because).toContain('the variable BUILD_TOKEN');
    expect(await told()).toMatchObject({ built: hash(build.value) });
  });

  it('of running count from the next start on: a restart takes the new value, and builds nothing', async () => {
    const before = await told();
    run = canary();
    await system.client.setVariable('shop', 'RUN_TOKEN', { value: run.value });
    expect(await told()).toEqual(before);
    const { id } = await system.client.restart('shop');
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    expect(await told()).toMatchObject({ built: hash(build.value), run: hash(run.value) });
  });

  it('are masked in the last words of an instance that does not start', async () => {
    const atStart = `console.log('no server at ' + process.env.RUN_TOKEN); process.exit(1);`;
    await repository.commit(app({ atStart }));
    const failed = await deploy();
    expect(failed).toMatchObject({ status: 'failed', diagnosis: { stage: 'health' } });
    expect(await system.logsOf(failed.id)).toContain('no server at ***');
  });

  it('are in the environment of the app’s own processes, and of no other process', async () => {
    const [core = ''] = run.traces;
    const holders = await processesWith(core);
    expect(holders.length).toBeGreaterThan(0);
    const own = Object.values(system.services).map(({ pid }) => pid);
    for (const { pid, command } of holders) {
      expect(own).not.toContain(pid);
      expect(command).not.toContain(core);
    }
  });

  it('are found nowhere else: Redis, its messages, blobs, logs, the data directory, answers, events', async () => {
    expect(canaries).toHaveLength(4);
    answers.push(
      JSON.stringify(await system.client.variables('shop')),
      JSON.stringify(await system.client.app('shop')),
    );
    answers.push(JSON.stringify(await system.client.deployments('shop')), await system.processLogs());
    expect(answers.filter((answer) => holdsTrace(answer, canaries))).toEqual([]);
    // What instances and migrations wrote is there as long as they are; their runner removes them after their deployment's end.
    await expect
      .poll(() => filesWithTrace(system.dataDirectory, canaries), { timeout: 30_000, interval: 500 })
      .toEqual([]);
    expect(await filesWithTrace(system.redis.directory, canaries)).toEqual([]);
    const heard = redis.heard();
    expect(heard.includes('RUN_TOKEN')).toBe(true);
    expect(holdsTrace(heard, canaries)).toBe(false);
  });

  it('are sealed with a key that only its owner reads', async () => {
    const file = join(system.dataDirectory, 'secret-key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const key = (await readFile(file, 'utf8')).trim();
    expect(answers.some((answer) => answer.includes(key))).toBe(false);
    expect(redis.heard().includes(key)).toBe(false);
  });
});
