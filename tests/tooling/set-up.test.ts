import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';

const scripts = resolve('scripts');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'set-up-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a few lines as a program of the scripts' own kind; `say` in them prints to stdout. */
function program(lines: string, env: NodeJS.ProcessEnv = process.env) {
  const file = join(directory, 'program.mjs');
  const imports = [
    `import { main } from ${JSON.stringify(join(scripts, 'process', 'failure.mjs'))};`,
    `import { run } from ${JSON.stringify(join(scripts, 'process', 'run.mjs'))};`,
    `import { ensureTool } from ${JSON.stringify(join(scripts, 'setup', 'tools.mjs'))};`,
    `import { requirePrerequisites } from ${JSON.stringify(join(scripts, 'setup', 'prerequisites.mjs'))};`,
  ];
  writeFileSync(file, `${imports.join('\n')}\nawait main(async () => {\n${lines}\n});\n`);
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { child, output: output.then(([stdout, stderr, [code]]) => ({ stdout, stderr, code: code as number })) };
}

/** A program of this name on a PATH that holds nothing else. */
function fakeProgram(name: string, says: string): void {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
}

test('a Redis that is too old is an error that names what was found and what is needed', async () => {
  fakeProgram('redis-server', 'Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64');
  const { stderr, code } = await program("await ensureTool('redis');", { PATH: directory }).output;
  expect(stderr).toMatch(/redis-server is version 6\.0\.16, and Switchyard needs 6\.2 or later\..+install/);
  expect(code).toBe(1);
});

test('Valkey serves where Redis is too old', async () => {
  fakeProgram('redis-server', 'Redis server v=5.0.14 sha=00000000:0');
  fakeProgram('valkey-server', 'Valkey server v=8.0.1 sha=00000000:0');
  const { stdout } = await program("console.log(await ensureTool('redis'));", { PATH: directory }).output;
  expect(stdout.trim()).toBe(join(directory, 'valkey-server'));
});

test('a Node that is too old is an error that names what was found and what is needed', async () => {
  const { stderr, code } = await program("requirePrerequisites('18.20.4');").output;
  expect(stderr).toMatch(/needs Node 20\.19 or later, and this is Node 18\.20\.4/);
  expect(code).toBe(1);
});

const CHILD = `
  let signals = 0;
  process.on('SIGINT', () => { signals += 1; setTimeout(() => { console.log('signals: ' + signals); process.exit(7); }, 300); });
  setInterval(() => {}, 1000);
  console.log('ready');
`;

test('an interrupt that comes twice reaches the program once, and its exit code is handed on', async () => {
  const { child, output } = program(
    `return (await run(process.execPath, ['-e', ${JSON.stringify(CHILD)}], { interrupt: 'child' })).code;`,
  );
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect(await output).toMatchObject({ code: 7, stdout: expect.stringContaining('signals: 1') });
});

test('a program past its time is ended with all it started', async () => {
  const { stdout } = await program(`
    const { timedOut, output } = await run('sh', ['-c', 'sleep 300 & echo $!; wait'], { output: 'capture', timeoutMs: 200 });
    const { execFileSync } = await import('node:child_process');
    // A zombie is over, whoever forgot to wait for it.
    const alive = (pid) => { try { return !/^Z/.test(execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })); } catch { return false; } };
    const deadline = Date.now() + 5_000;
    while (alive(Number(output)) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
    console.log(JSON.stringify({ timedOut, survives: alive(Number(output)) }));
  `).output;
  expect(JSON.parse(stdout)).toEqual({ timedOut: true, survives: false });
});
