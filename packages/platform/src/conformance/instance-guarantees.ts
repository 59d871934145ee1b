import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentId, InstanceId } from '@switchyard/domain';
import { expect } from 'vitest';
import type { FoundProcess, InstanceSpec } from '../platform.ts';
import { runAndKill } from './errand.ts';
import type { Guarantees } from './platform-conformance.ts';
import { instanceSpec, run, SERVER, type Subject, snapshotOf, unique } from './subject.ts';
import { freePort, processesWith, waitFor } from './waiting.ts';

export async function found({ platform }: Subject, id: string): Promise<FoundProcess | null> {
  return (await platform.runner.list()).find((one) => one.id === id) ?? null;
}

export async function outputOf({ platform }: Subject, id: FoundProcess['id']): Promise<string> {
  return (await platform.runner.readOutput(id, 0, 1024 * 1024)).bytes.toString();
}

/** Asks the instance, wherever it says it is reached. */
async function ask(subject: Subject, id: string, path: string): Promise<string> {
  return await waitFor(`${id} answers`, async () => {
    const address = (await found(subject, id))?.address;
    if (address === null || address === undefined) return null;
    const response = await fetch(`http://${address.host}:${address.port}${path}`);
    return response.ok ? await response.text() : null;
  });
}

/** Starts, tries, and leaves nothing. */
async function withInstance(
  subject: Subject,
  spec: InstanceSpec,
  attemptIt: (started: FoundProcess & { readonly id: InstanceId }) => Promise<void>,
): Promise<void> {
  const { runner } = subject.platform;
  try {
    await attemptIt({ ...(await runner.startInstance(spec)), id: spec.id });
  } finally {
    await runner.stop(spec.id, { graceMs: 1_000 });
    await runner.remove(spec.id);
  }
}

async function server(
  subject: Subject,
  wish: Partial<InstanceSpec> = {},
  command = 'node server.js',
): Promise<InstanceSpec> {
  return instanceSpec(subject, await snapshotOf(subject.platform, SERVER), command, {
    port: await freePort(),
    ...wish,
  });
}

export const instanceGuarantees = {
  async 'an instance answers at its address, with its environment'(subject) {
    await withInstance(subject, await server(subject, { env: { GREETING: 'good day' } }), async ({ id, state }) => {
      expect(state).toBe('running');
      expect(await ask(subject, id, '/x')).toBe('good day /x');
      expect(await found(subject, id)).toMatchObject({ state: 'running', exit: null, timedOut: false, epoch: 1 });
    });
  },

  async 'an id that is started again answers with what runs, and starts nothing'(subject) {
    const { runner } = subject.platform;
    const spec = await server(subject);
    await withInstance(subject, spec, async (first) => {
      const [second, third] = await Promise.all([runner.startInstance(spec), runner.startInstance(spec)]);
      expect(second).toMatchObject({ id: first.id, pid: first.pid, startedAt: first.startedAt });
      expect(third).toMatchObject({ pid: first.pid });
      await ask(subject, spec.id, '/');
      expect((await outputOf(subject, spec.id)).match(/listening/g)).toHaveLength(1);
      expect((await runner.list()).filter(({ id }) => id === spec.id)).toHaveLength(1);
    });
  },

  async 'an instance outlives the process that started it, and goes on with its output'(subject) {
    if (subject.options === null) throw new Error('a platform of one process can’t keep this; skip it');
    const spec = await server(subject);
    const { announce: _, ...options } = subject.options;
    try {
      await runAndKill({ options, do: 'start', spec });
      expect(await ask(subject, spec.id, '/after')).toBe('hello /after');
      await waitFor('its output', async () => (await outputOf(subject, spec.id)).includes('/after'));
      const adopted = await found(subject, spec.id);
      expect(adopted).toMatchObject({ state: 'running', epoch: 1 });
      expect(await subject.platform.runner.startInstance(spec)).toMatchObject({ pid: adopted?.pid });
    } finally {
      await subject.platform.runner.stop(spec.id, { graceMs: 1_000 });
      await subject.platform.runner.remove(spec.id);
    }
  },

  async 'an exit code is kept until it is removed'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    await withInstance(subject, instanceSpec(subject, snapshot, 'echo out; echo err >&2; exit 9'), async ({ id }) => {
      const over = await waitFor('its end', async () => {
        const now = await found(subject, id);
        return now?.state === 'exited' ? now : null;
      });
      expect(over).toMatchObject({ exit: { code: 9, signal: null }, timedOut: false, pid: null });
      expect(await outputOf(subject, id)).toBe('out\nerr\n');
    });
  },

  async 'output is read from any offset on, in pieces'(subject) {
    const { runner } = subject.platform;
    const snapshot = await snapshotOf(subject.platform, {});
    await withInstance(subject, instanceSpec(subject, snapshot, 'printf 0123456789; sleep 600'), async ({ id }) => {
      await waitFor('its output', async () => (await outputOf(subject, id)).length === 10);
      const first = await runner.readOutput(id, 0, 4);
      expect(first.bytes.toString()).toBe('0123');
      const second = await runner.readOutput(id, first.next, 100);
      expect(second.bytes.toString()).toBe('456789');
      expect(await runner.readOutput(id, second.next, 100)).toEqual({ bytes: Buffer.alloc(0), next: second.next });
    });
  },

  async 'its listening sockets are its own, and nobody else’s'(subject) {
    const { runner } = subject.platform;
    const foreign = createServer();
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const foreignAddress = foreign.address();
    try {
      const spec = await server(subject);
      // Behind two shells, as `npm start` would be.
      await withInstance(
        subject,
        { ...spec, start: { kind: 'command', command: `sh -c 'node server.js; true'; true` } },
        async ({ id }) => {
          await ask(subject, id, '/');
          const ports = (await runner.listeningSockets(id)).map(({ port }) => port);
          expect(ports).toContain((await found(subject, id))?.address?.port ?? 0);
          expect(ports).not.toContain(typeof foreignAddress === 'object' ? foreignAddress?.port : 0);
          expect(ports).toHaveLength(1);
        },
      );
    } finally {
      await new Promise((resolve) => foreign.close(resolve));
    }
  },

  async 'an instance that listens on another port than it was told is seen there'(subject) {
    const { runner } = subject.platform;
    const elsewhere = await freePort();
    await withInstance(subject, await server(subject, {}, `node server.js ${elsewhere}`), async ({ id }) => {
      await waitFor('it listens', async () =>
        (await runner.listeningSockets(id)).some(({ port }) => port === elsewhere),
      );
      expect((await found(subject, id))?.address?.port).toBe(elsewhere);
      expect(await ask(subject, id, '/')).toBe('hello /');
    });
  },

  async 'what an instance writes does not reach the release or another instance of it'(subject) {
    const snapshot = await snapshotOf(subject.platform, { file: 'original\n' });
    const command = 'cat file; echo changed >file; cat file; sleep 600';
    for (const _ of [1, 2]) {
      await withInstance(subject, instanceSpec(subject, snapshot, command), async ({ id }) => {
        await waitFor('it writes', async () => (await outputOf(subject, id)).includes('changed'));
        expect(await outputOf(subject, id)).toBe('original\nchanged\n');
      });
    }
  },

  async 'what is kept is shared by an environment’s instances and one-offs, outlives them, and is no other’s'(subject) {
    const { runner, worker } = subject.platform;
    const snapshot = await snapshotOf(subject.platform, { 'web/data/shipped': 'x', 'web/file': 'x' });
    const environmentId: EnvironmentId = `env_${unique()}`;
    const wish = { environmentId, root: 'web', persist: ['data', 'var/more'] };
    const say = async (command: string, more = {}) => {
      const spec = instanceSpec(subject, snapshot, `${command}; echo end; sleep 600`, { ...wish, ...more });
      await runner.startInstance(spec);
      const output = await waitFor('its output', async () => {
        const text = await outputOf(subject, spec.id);
        return text.endsWith('end\n') ? text : null;
      });
      await runner.stop(spec.id, { graceMs: 100 });
      await runner.remove(spec.id);
      return output;
    };
    expect(await say('ls data var/more; echo kept >data/file; echo more >var/more/file')).toBe(
      'data:\n\nvar/more:\nend\n',
    );
    expect(await say('cat data/file var/more/file')).toBe('kept\nmore\nend\n');
    const other: EnvironmentId = `env_${unique()}`;
    expect(await say('ls data', { environmentId: other })).toBe('end\n');
    expect(await worker.exists(snapshot, 'web/data/file')).toBe(false);
  },

  async 'a link of the repository on the way to what is kept leads nobody out of the tree'(subject) {
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    try {
      await mkdir(join(outside, 'kept'));
      await writeFile(join(outside, 'kept', 'file'), 'x');
      const linked = await run(subject.platform, [`ln -s ${outside} out`], { publish: `bld-${unique()}` });
      const snapshot = linked.answer.end === 'succeeded' ? linked.answer.snapshot : null;
      if (snapshot === null) throw new Error(linked.output);
      const spec = instanceSpec(subject, snapshot, 'sleep 600', { persist: ['out/kept', 'out/new'] });
      // Refused, or kept in a directory of its own that lies over the link: either way nothing happens outside.
      await subject.platform.runner.startInstance(spec).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'invalid-settings' });
      });
      await subject.platform.runner.stop(spec.id, { graceMs: 100 });
      await subject.platform.runner.remove(spec.id);
      expect(await readdir(outside, { recursive: true })).toEqual(['kept', 'kept/file']);
    } finally {
      await rm(outside, { recursive: true });
    }
  },

  async 'a static site is served without a start command'(subject) {
    const snapshot = await snapshotOf(subject.platform, {
      'site/index.html': '<p>home</p>',
      'site/about.html': '<p>about</p>',
      secret: 'x',
    });
    const spec = instanceSpec(subject, snapshot, '', {
      port: await freePort(),
      start: { kind: 'static', directory: 'site', spa: false },
    });
    await withInstance(subject, spec, async ({ id }) => {
      expect(await ask(subject, id, '/')).toBe('<p>home</p>');
      expect(await ask(subject, id, '/about')).toBe('<p>about</p>');
      const address = (await found(subject, id))?.address;
      expect((await fetch(`http://${address?.host}:${address?.port}/secret`)).status).toBe(404);
    });
  },

  async 'a variable’s value is in no argument list of an instance'(subject) {
    const secret = `canary${unique()}`;
    await withInstance(subject, await server(subject, { env: { GREETING: secret } }), async ({ id }) => {
      expect(await ask(subject, id, '/')).toBe(`${secret} /`);
      expect(processesWith(secret)).toEqual([]);
    });
  },

  async 'an instance of a snapshot that is not there is refused, and nothing is listed'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    await subject.platform.worker.removeSnapshot(snapshot.key);
    const spec = instanceSpec(subject, snapshot, 'true');
    await expect(subject.platform.runner.startInstance(spec)).rejects.toMatchObject({ code: 'snapshot-missing' });
    expect(await found(subject, spec.id)).toBeNull();
  },
} satisfies Guarantees;
