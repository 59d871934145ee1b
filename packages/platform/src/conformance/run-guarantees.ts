import { expect, vi } from 'vitest';
import type { Guarantees } from './platform-conformance.ts';
import { attempt, run, snapshotOf, unique } from './subject.ts';
import { processesWith } from './waiting.ts';

/** What the platform itself and the shell set. */
const OWN_VARIABLES = new Set([
  'HOME',
  'PATH',
  'TMPDIR',
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'HOSTNAME',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'GIT_CEILING_DIRECTORIES',
]);

export const runGuarantees = {
  async 'commands run in turn, each in the root inside the tree'({ platform }) {
    const snapshot = await snapshotOf(platform, { 'apps/web/file': 'content\n' });
    const { answer, output } = await run(platform, ['cat file', 'echo made >other; cd ..', 'cat other'], {
      layers: [{ snapshot }],
      root: 'apps/web',
    });
    expect(output).toBe('content\nmade\n');
    expect(answer).toMatchObject({ end: 'succeeded', snapshot: null });
  },

  async 'the tree that the commands leave is what is published'({ platform }) {
    const snapshot = await snapshotOf(platform, { 'kept/file': 'kept\n', gone: 'x' });
    const made = await run(platform, ['rm gone; mkdir out; echo made >out/file; ln -s out/file link'], {
      layers: [{ snapshot }],
      publish: `tree-${unique()}`,
    });
    if (made.answer.end !== 'succeeded' || made.answer.snapshot === null) throw new Error('nothing was published');
    const { output } = await run(platform, ['ls; cat kept/file link'], {
      layers: [{ snapshot: made.answer.snapshot }],
    });
    expect(output).toBe('kept\nlink\nout\nkept\nmade\n');
  },

  async 'a later layer lies over an earlier one'({ platform }) {
    const below = await snapshotOf(platform, {
      same: 'below\n',
      'dir/below': '1',
      swapped: 'a file',
      'other/in': 'a directory',
    });
    const above = await snapshotOf(platform, {
      same: 'above\n',
      'dir/above': '2',
      'swapped/in': 'a directory',
      other: 'a file\n',
    });
    const { output } = await run(platform, ['cat same', 'ls dir', 'ls swapped', 'cat other'], {
      layers: [{ snapshot: below }, { snapshot: above }],
    });
    expect(output).toBe('above\nabove\nbelow\nin\na file\n');
  },

  async 'a layer shows only what it is asked to show, and what it lacks is no error'({ platform }) {
    const snapshot = await snapshotOf(platform, {
      'package.json': '{}',
      'src/a': 'a',
      'patches/one/p': 'p',
      'patches/q': 'q',
      other: 'o',
    });
    const only = ['package.json', 'patches/', 'absent', 'absent/'];
    const { output } = await run(platform, ['find . -type f | sort'], { layers: [{ snapshot, only }] });
    expect(output).toBe('./package.json\n./patches/one/p\n./patches/q\n');
  },

  async 'the first command that fails ends the run, with its exit code, and nothing is published'({ platform }) {
    const publish = `tree-${unique()}`;
    const { answer, output } = await run(platform, ['echo one', 'exit 7', 'echo three'], { publish });
    expect(answer).toMatchObject({ end: 'failed', exit: { code: 7, signal: null }, command: 'exit 7' });
    expect(output).toBe('one\n');
    expect(await platform.worker.find(publish)).toBeNull();
  },

  async 'a command that a signal ended is answered with the signal'({ platform }) {
    const { answer } = await run(platform, ['kill -9 $$']);
    expect(answer).toMatchObject({ end: 'failed', exit: { code: null, signal: 'SIGKILL' }, command: 'kill -9 $$' });
  },

  async 'stdout and stderr arrive in the order in which they were written'({ platform }) {
    const lines = Array.from({ length: 200 }, (_, index) => index);
    const script = lines.map((line) => `echo ${line}${line % 2 === 0 ? '' : ' >&2'}`).join('\n');
    const { output } = await run(platform, [script]);
    expect(output).toBe(`${lines.join('\n')}\n`);
  },

  async 'output arrives while the command runs'({ platform }) {
    let seen = false;
    const gate = new AbortController();
    const { answer } = await run(platform, ['echo now; sleep 600'], {
      signal: gate.signal,
      onOutput(text) {
        seen ||= text.includes('now');
        if (seen) gate.abort();
      },
    });
    expect(answer).toMatchObject({ end: 'aborted' });
  },

  async 'a large output is whole'({ platform }) {
    const { output } = await run(platform, [
      `node -e 'process.stdout.write("x".repeat(3_000_000)); process.stdout.write("end")'`,
    ]);
    expect(output.length).toBe(3_000_003);
    expect(output.endsWith('xend')).toBe(true);
  },

  async 'the environment is what was asked for, and nothing of the calling process'({ platform }) {
    const canary = `SWITCHYARD_CONFORMANCE_${unique()}`;
    vi.stubEnv(canary, 'leaked');
    try {
      const { output } = await run(platform, ['env'], { env: { ASKED: 'two\nlines', OTHER: "it's" } });
      expect(output).not.toContain('leaked');
      expect(output).toContain('ASKED=two\nlines\n');
      expect(output).toContain("OTHER=it's\n");
      const names = output.split('\n').flatMap((line) => /^([A-Za-z_]\w*)=/.exec(line)?.[1] ?? []);
      expect(names.filter((name) => !OWN_VARIABLES.has(name)).sort()).toEqual(['ASKED', 'OTHER']);
    } finally {
      vi.unstubAllEnvs();
    }
  },

  async 'a variable’s value is in no argument list'({ platform }) {
    const secret = `canary${unique()}`;
    let seen: number[] | null = null;
    const gate = new AbortController();
    await run(platform, ['echo up; sleep 600'], {
      env: { SECRET: secret },
      signal: gate.signal,
      onOutput(text) {
        if (!text.includes('up') || seen !== null) return;
        seen = processesWith(secret);
        gate.abort();
      },
    });
    expect(seen).toEqual([]);
  },

  async 'HOME and TMPDIR are there, writable, and empty of other runs'({ platform }) {
    const script =
      'test -d "$HOME" && ls "$HOME"; : >"$HOME/mine"; d="${TMPDIR:-/tmp}"; test ! -e "$d/mine" && : >"$d/mine" && echo fresh';
    expect((await run(platform, [script])).output).toBe('fresh\n');
    expect((await run(platform, [script])).output).toBe('fresh\n');
  },

  async 'Node is there, and no terminal and no input are'({ platform }) {
    const { output } = await run(platform, [`node -p '"node " + !process.stdout.isTTY'`, 'cat; echo no input']);
    expect(output).toBe('node true\nno input\n');
  },

  async 'a workspace is listed while its run goes on, and no longer'({ platform }) {
    const mine = attempt();
    const listed = async () => (await platform.worker.listWorkspaces()).map(({ deploymentId }) => deploymentId);
    const during: Promise<string[]>[] = [];
    const gate = new AbortController();
    await run(platform, ['echo up; sleep 600'], {
      attempt: mine,
      signal: gate.signal,
      onOutput() {
        if (during.length === 0) during.push(listed().finally(() => gate.abort()));
      },
    });
    expect(await during[0]).toContain(mine.deploymentId);
    expect(await listed()).not.toContain(mine.deploymentId);
  },
} satisfies Guarantees;
