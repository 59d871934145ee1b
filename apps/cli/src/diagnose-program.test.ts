import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import picocolors from 'picocolors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProgram } from './program.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'diagnose-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(output: string, ...options: string[]): Promise<{ printed: string; json: unknown; code: number }> {
  const file = join(directory, 'output.log');
  await writeFile(file, output);
  const printed: string[] = [];
  let json: unknown = null;
  let code = -1;
  const terminal = {
    colors: picocolors.createColors(false),
    now: () => 0,
    print: (line: string) => void printed.push(line),
    write: async () => {},
    json: (value: unknown) => void (json = value),
    progress: () => {},
    ask: () => Promise.resolve(null),
    note: (line: string) => void printed.push(line),
  };
  const program = createProgram(
    () => Promise.reject(new Error('needs no api')),
    async (command) => void (code = await command(terminal)),
  );
  await program.parseAsync(['node', 'switchyard', 'diagnose', file, ...options]);
  return { printed: printed.join('\n'), json, code };
}

const REFUSED = "fatal: unable to access 'https://git.acme.dev/a/b.git/': The requested URL returned error: 403\n";

it('prints the diagnosis of a saved output as JSON, without an api', async () => {
  const { json, code } = await run(REFUSED, '--stage', 'source', '--exit', '128', '--json');
  expect(code).toBe(0);
  expect(json).toMatchObject({
    cause: 'source_auth_failed',
    stage: 'source',
    details: { repository: 'https://git.acme.dev/a/b.git', status: '403' },
    evidence: [{ line: 1 }],
  });
});

it('prints it for people, with what to do', async () => {
  const { printed } = await run(REFUSED);
  expect(printed).toContain('The Git host refused access');
  expect(printed).toContain('What to do');
});

it('names no cause of a run that succeeded, or that nobody knows, and shows the lines that tell', async () => {
  expect((await run(REFUSED, '--exit', '0', '--json')).json).toMatchObject({ cause: null });
  const unknown = 'one\nError: flux capacitor misaligned\n';
  expect((await run(unknown, '--exit', '1', '--json')).json).toMatchObject({
    cause: null,
    telling: [{ line: 2, text: 'Error: flux capacitor misaligned' }],
  });
  expect((await run(unknown, '--exit', '1')).printed).toContain('Not recognised');
  expect((await run(unknown, '--test-case', 'flux')).printed).toContain('"Error: flux capacitor misaligned"');
});
