import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Subject, unique } from '../conformance/subject.ts';
import type { Toolchain } from '../platform.ts';
import { openDockerPlatform } from './docker-platform.ts';
import { openDockerSubject } from './docker-subject.ts';

/** Where the packages come through a proxy that inspects, this machine's own list knows it. */
const MACHINE_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

let subject: Subject;

beforeAll(async () => {
  subject = await openDockerSubject(openDockerPlatform, {
    extraCaCerts: existsSync(MACHINE_CERTIFICATES) ? MACHINE_CERTIFICATES : null,
  });
});
afterAll(() => subject.close());

async function prepare(wanted: string, manager: Toolchain['packageManager']) {
  let output = '';
  const toolchain = { runtime: { name: 'node' as const, wanted }, packageManager: manager };
  const resolved = await subject.platform.worker.prepare(toolchain, {
    signal: new AbortController().signal,
    onOutput: (chunk) => {
      output += chunk.toString();
    },
  });
  return { toolchain, resolved, output };
}

const manager = (name: 'npm' | 'pnpm' | 'yarn' | 'bun', version: string) => ({ name, version, lockfile: null });

describe('a package manager', () => {
  it('comes in the exact version that is wanted, once, and is what commands find', async () => {
    const { toolchain, resolved, output } = await prepare('24', manager('pnpm', '9.15.9'));
    expect(output).toContain('Fetching pnpm 9.15.9');
    expect(resolved.description).toMatch(/^node 24\.\d+\.\d+, pnpm 9\.15\.9$/);
    expect(resolved.target).toMatch(/^linux-(x64|arm64)-glibc$/);
    const found = await run(subject.platform, [`pnpm --version; node -p 'process.versions.node.split(".")[0]'`], {
      toolchain,
    });
    expect(found.output).toBe('9.15.9\n24\n');
    // Another process finds it in the volume.
    const other = await openDockerPlatform({ ...(subject.options ?? raise()), announce: () => {} });
    let again = '';
    await other.worker.prepare(toolchain, {
      signal: new AbortController().signal,
      onOutput: (chunk) => (again += chunk.toString()),
    });
    expect(again).toBe('');
    await other.close();
  });

  it('that the image has in the range is the image’s', async () => {
    const { resolved, output } = await prepare('24', manager('npm', '*'));
    expect(output).toBe('');
    expect(resolved.description).toMatch(/^node 24\.\S+, npm \d+\.\d+\.\d+$/);
  });

  it('of one deployment is not changed by another: the volume can only be read by commands', async () => {
    const { toolchain } = await prepare('24', manager('pnpm', '9.15.9'));
    const { output } = await run(subject.platform, ['rm -rf /opt/switchyard/tools/* 2>/dev/null; pnpm --version'], {
      toolchain,
    });
    expect(output).toBe('9.15.9\n');
  });

  it('keeps its downloads for the next run', async () => {
    const toolchain: Toolchain = { runtime: { name: 'node', wanted: '24' }, packageManager: null };
    const file = `canary-${unique()}`;
    await run(subject.platform, [`echo kept >"$HOME/.npm/${file}"`], { toolchain });
    expect((await run(subject.platform, [`cat "$HOME/.npm/${file}"`], { toolchain })).output).toBe('kept\n');
  });
});

describe('a version of Node', () => {
  it('that no image has comes as a package into an image that is there', async () => {
    const { toolchain, resolved } = await prepare('24.0.1', null);
    expect(resolved.description).toBe('node 24.0.1');
    expect((await run(subject.platform, ['node --version'], { toolchain })).output).toBe('v24.0.1\n');
  });

  it('that does not exist is refused with what was tried and what to do', async () => {
    await expect(prepare('>=99', null)).rejects.toMatchObject({
      code: 'toolchain-unavailable',
      message: expect.stringMatching(/>=99.*another/),
    });
  });
});

function raise(): never {
  throw new Error('the subject has options');
}
