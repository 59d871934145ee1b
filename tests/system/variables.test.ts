import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Canary, canaryOf, newCanary } from '../harness/canary.ts';
import { nodeApp } from '../harness/node-app.ts';
import { processesWith } from '../harness/process-table.ts';
import { createRepository, type Files, type Repository } from '../harness/repository.ts';
import { type SecretWatch, watchSecrets } from '../harness/secret-watch.ts';
import { type System, startSystem } from '../harness/system.ts';

const HASH = `require('node:crypto').createHash('sha256').update(process.env.NAME || 'nothing').digest('hex')`;

/** Says what its build and itself have seen, as hashes. */
function app({ atStart = '' } = {}): Files {
  return {
    ...nodeApp({ says: '', build: 'node build.js' }),
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
let watch: SecretWatch;

const canary = (): Canary => watch.look(newCanary());

beforeAll(async () => {
  system = await startSystem();
  watch = watchSecrets(system);
  repository = await createRepository(app());
  await system.client.createApp({ name: 'shop', repository: repository.url });
});

afterAll(async () => {
  watch?.stop();
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
    watch.heard(said);

    const deployment = await watch.deploy('shop');
    expect(deployment.diagnosis).toBeNull();
    expect(deployment.status).toBe('succeeded');
    expect(await told()).toEqual({ built: hash(build.value), run: hash(run.value), build: hash('nothing') });
  });

  it('of the same value cost no build; a changed one of the build is a cache miss that names it', async () => {
    const again = await watch.deploy('shop');
    expect(cacheOf(again, 'install')).toMatchObject({ result: 'hit' });
    expect(cacheOf(again, 'build')).toMatchObject({ result: 'hit' });
    build = canary();
    await system.client.setVariable('shop', 'BUILD_TOKEN', { value: build.value });
    const changed = await watch.deploy('shop');
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
    const failed = await watch.deploy('shop');
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

  it('are found nowhere else', async () => {
    expect(watch.commandLineLooks).toBeGreaterThan(5);
    // What instances and migrations wrote is there as long as they are; their runner removes them after their deployment's end.
    await expect.poll(() => watch.rawOutputs(), { timeout: 30_000, interval: 500 }).toEqual([]);
    expect(await watch.places()).toEqual([]);
  });

  it('are sealed with a key that only its owner reads', async () => {
    const file = join(system.dataDirectory, 'secret-key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    watch.look(canaryOf((await readFile(file, 'utf8')).trim()));
    expect(await watch.places()).toEqual([file]);
  });
});
