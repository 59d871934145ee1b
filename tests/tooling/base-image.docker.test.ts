import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
// @boundaries-ignore the script under test
import { ensureImage } from '../../scripts/base-image.mjs';
// @boundaries-ignore the script under test
import { ensureEngine, ping } from '../../scripts/engine.mjs';

const run = promisify(execFile);
const IMAGE = 'node:24-bookworm-slim';

async function inContainer(user: string, command: string): Promise<string> {
  const { stdout } = await run('docker', ['run', '--rm', '--user', user, IMAGE, 'sh', '-c', command]);
  return stdout.trim();
}

test('an engine that answers is used, and left running', async () => {
  const engine = await ensureEngine();
  expect(engine).toMatchObject({ started: false, version: await ping() });
  await engine.stop();
  expect(await ping()).toBe(engine.version);
});

test('an image that is there is neither pulled nor made again', async () => {
  await ensureImage(IMAGE);
  expect(await ensureImage(IMAGE)).toBe('present');
});

test('the Node image has what stages and our own image count on: node, npm, yarn, corepack, a user of its own', async () => {
  await ensureImage(IMAGE);
  expect(
    await inContainer('root', 'node --version; for each in npm npx yarn corepack; do command -v $each; done'),
  ).toMatch(
    /^v24\.\d+\.\d+\n\/usr\/local\/bin\/npm\n\/usr\/local\/bin\/npx\n\/usr\/local\/bin\/yarn\n\/usr\/local\/bin\/corepack$/,
  );
  expect(await inContainer('node', 'id -u && id -g && echo $HOME')).toBe('1000\n1000\n/home/node');
});

test('an image that no registry gives and no recipe makes is refused with the reason', async () => {
  await expect(ensureImage('switchyard/there-is-no-such-image:1')).rejects.toThrow(
    /could not be pulled, and there is no recipe to make it here: docker pull: /,
  );
});
