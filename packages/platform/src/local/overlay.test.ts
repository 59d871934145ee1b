import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppId, LIMITS, type SnapshotRef } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAndKill } from '../conformance/errand.ts';
import { outputOf } from '../conformance/instance-guarantees.ts';
import { openLocalSubject } from '../conformance/local-subject.ts';
import { attempt, instanceSpec, run, type Subject, snapshotOf, unique } from '../conformance/subject.ts';
import { oddSeconds, processesWith, waitFor } from '../conformance/waiting.ts';
import { openPlatform } from '../open-platform.ts';
import { mayUseAppUsers } from './app-user.ts';
import { findOverlays } from './find-overlays.ts';

const probe = await mkdtemp(join(tmpdir(), 'overlay-probe-'));
const found = await findOverlays(probe);
await rm(probe, { recursive: true });
const refused = 'refused' in found ? found.refused : null;

let subject: Subject;
beforeAll(async () => {
  subject = await openLocalSubject(openPlatform);
});
afterAll(async () => {
  await subject.close();
});

const dataDir = () => subject.options?.dataDir ?? '';
const layerIds = () => readdir(join(dataDir(), 'layers'));
const mounts = () => readFile('/proc/self/mountinfo', 'utf8');

async function filesOf(id: string): Promise<string[]> {
  const entries = await readdir(join(dataDir(), 'layers', id, 'tree'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

async function publish(commands: string[], on: SnapshotRef[], appId?: AppId): Promise<SnapshotRef> {
  const mine = { ...attempt(), ...(appId === undefined ? {} : { appId }) };
  const layers = on.map((snapshot) => ({ snapshot }));
  const { answer, output } = await run(subject.platform, commands, {
    attempt: mine,
    layers,
    publish: `tree-${unique()}`,
  });
  if (answer.end !== 'succeeded' || answer.snapshot === null) throw new Error(`${JSON.stringify(answer)} ${output}`);
  return answer.snapshot;
}

const see = async (command: string, ...on: SnapshotRef[]) =>
  (await run(subject.platform, [command], { layers: on.map((snapshot) => ({ snapshot })) })).output;

/** All that a tree is: kinds, modes, times, link targets, contents. */
const WHOLE = `find . -mindepth 1 -printf '%p %y %m %T@ %l\\n' | sort; find . -type f -exec sha256sum {} + | sort`;

describe.skipIf(refused !== null)(`overlays${refused === null ? '' : ` (skipped: ${refused})`}`, () => {
  test('every command sees its tree at one path, and nothing else of the data directory', async () => {
    const tree = await snapshotOf(subject.platform, { file: 'x' });
    expect(await see('pwd -P; ls', tree)).toBe('/app\nfile\n');
    const seen = await see(`ls -A ${dataDir()}; ls -A ${dataDir()}/workspaces`, tree);
    expect(seen.split('\n')).not.toEqual(expect.arrayContaining(['layers']));
    expect(seen).not.toContain('snapshots');
    expect(seen).not.toContain('users');
  });

  test('nothing is copied but what a command writes', async () => {
    const dependencies = await snapshotOf(
      subject.platform,
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`node_modules/p${index}/index.js`, 'x'])),
    );
    const source = await snapshotOf(subject.platform, { 'src/a.js': 'a', 'package.json': '{}' });
    const before = await layerIds();
    const built = await publish(['mkdir dist && cat src/a.js >dist/a.js'], [dependencies, source]);
    const [made = '', ...others] = (await layerIds()).filter((id) => !before.includes(id));
    expect(others).toEqual([]);
    expect(await filesOf(made)).toEqual(['a.js']);
    const spec = instanceSpec(subject, built, 'echo up; sleep 600');
    await subject.platform.runner.startInstance(spec);
    await waitFor('it is up', async () => (await outputOf(subject, spec.id)) === 'up\n');
    expect(await readdir(join(dataDir(), 'instances', spec.id, 'upper'))).toEqual([]);
    expect(await layerIds()).toHaveLength(before.length + 1);
    await subject.platform.runner.stop(spec.id, { graceMs: 100 });
    await subject.platform.runner.remove(spec.id);
  });

  test('a build that overwrites and deletes in node_modules leaves the next one’s as they were', async () => {
    const dependencies = await publish(
      [
        'mkdir -p node_modules/a/lib node_modules/b; echo 1 >node_modules/a/lib/x; ln -s x node_modules/a/lib/y',
        'chmod 750 node_modules/b; touch -d 2001-02-03 node_modules/a/lib/x',
      ],
      [],
    );
    const before = await see(WHOLE, dependencies);
    const source = await snapshotOf(subject.platform, { 'index.js': '1' });
    await publish(
      ['echo 2 >node_modules/a/lib/x; rm -r node_modules/b; chmod 700 node_modules/a'],
      [dependencies, source],
    );
    expect(await see(WHOLE, dependencies)).toBe(before);
  });

  test('what a build deletes and replaces stays so in all that is made of it', async () => {
    const tree = await snapshotOf(subject.platform, {
      'a/one': '1',
      'a/two': '2',
      'b/one': '1',
      file: 'f',
      'to-dir': 'f',
    });
    const built = await publish(
      ['rm a/one; rm -r b; mkdir b; echo new >b/two; rm file; rm to-dir; mkdir to-dir; ln -s a link; mkdir -p deep/er'],
      [tree],
    );
    const again = await publish(['echo more >a/three'], [built]);
    expect(await see('find . | sort', again)).toBe(
      '.\n./a\n./a/three\n./a/two\n./b\n./b/two\n./deep\n./deep/er\n./link\n./to-dir\n',
    );
    const { worker } = subject.platform;
    const exists = async (path: string) => await worker.exists(again, path);
    expect(await Promise.all(['a/two', 'b/two', 'link', 'to-dir', 'deep/er', './a/'].map(exists))).not.toContain(false);
    expect(await Promise.all(['a/one', 'b/one', 'file', 'to-dir/x', 'b/one/x'].map(exists))).not.toContain(true);
  });

  test('a tree with marks of deletion that is laid over another hides nothing of that', async () => {
    const below = await snapshotOf(subject.platform, { 'a/below': '1', gone: 'below\n', 'b/below': '1' });
    const base = await snapshotOf(subject.platform, { 'a/x': 'x', gone: 'x' });
    const above = await publish(['rm -r gone a; mkdir a b; echo above >a/above'], [base]);
    expect(await see('cat gone; find a b | sort', below, above)).toBe('below\na\na/above\na/below\nb\nb/below\n');
  });

  test('a stack that grows too deep becomes one layer, and shows the same', async () => {
    let tree = await snapshotOf(subject.platform, { first: '0', gone: 'x' });
    tree = await publish(['rm gone'], [tree]);
    for (let depth = 2; depth < LIMITS.maxSnapshotLayers + 3; depth += 1)
      tree = await publish([`echo ${depth} >file-${depth}`], [tree]);
    const names = (await see('ls', tree)).trim().split('\n');
    expect(names).toHaveLength(LIMITS.maxSnapshotLayers + 2);
    expect(names).not.toContain('gone');
    const manifest: { layers: string[] } = JSON.parse(
      await readFile(join(dataDir(), 'snapshots', tree.key, 'manifest.json'), 'utf8'),
    );
    expect(manifest.layers.length).toBeLessThan(5);
  }, 60_000);

  test('a layer goes with the last snapshot that is made of it, and not under an instance', async () => {
    const { worker, runner } = subject.platform;
    const base = await snapshotOf(subject.platform, { file: 'kept' });
    const all = await layerIds();
    const one = await publish(['echo 1 >one'], [base]);
    await worker.removeSnapshot(base.key);
    expect(await see('cat file', one)).toBe('kept');
    const spec = instanceSpec(subject, one, 'sleep 1; cat file one; sleep 600');
    await runner.startInstance(spec);
    await worker.removeSnapshot(one.key);
    await waitFor('it reads', async () => (await outputOf(subject, spec.id)) === 'kept1\n');
    await runner.stop(spec.id, { graceMs: 100 });
    await runner.remove(spec.id);
    expect(await layerIds()).toHaveLength(all.length - 1);
  });

  test('a snapshot is listed with what its removal frees', async () => {
    const base = await snapshotOf(subject.platform, { large: 'x'.repeat(2_000_000) });
    const top = await publish(['head -c 1000000 /dev/zero >more'], [base]);
    const bytes = new Map((await subject.platform.worker.listSnapshots()).map((one) => [one.key, one.bytes]));
    expect(bytes.get(base.key)).toBeGreaterThanOrEqual(2_000_000);
    expect(bytes.get(top.key)).toBeGreaterThanOrEqual(1_000_000);
    expect(bytes.get(top.key)).toBeLessThan(1_500_000);
  });

  test('what a killed process left held is released at the next start', async () => {
    const base = await snapshotOf(subject.platform, { file: 'x' });
    const manifest: { layers: [string] } = JSON.parse(
      await readFile(join(dataDir(), 'snapshots', base.key, 'manifest.json'), 'utf8'),
    );
    const layer = join(dataDir(), 'layers', manifest.layers[0]);
    await writeFile(join(layer, 'refs', 'workspace-dep_gone-build-1-abcdef'), '');
    await subject.platform.check();
    expect(await readdir(join(layer, 'refs'))).toHaveLength(1);
    await writeFile(join(layer, 'refs', 'workspace-dep_gone-build-1-abcdef'), '');
    await subject.platform.worker.removeSnapshot(base.key);
    await lstat(layer);
    await subject.platform.check();
    await expect(lstat(layer)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a data directory from before there were layers is read as it is', async () => {
    const key = `tree-${unique()}`;
    const directory = join(dataDir(), 'snapshots', key);
    await mkdir(join(directory, 'tree'), { recursive: true });
    await writeFile(join(directory, 'tree', 'file'), 'old\n');
    await writeFile(join(directory, 'manifest.json'), '{"v":1,"toolchain":null}\n');
    const old = await subject.platform.worker.find(key);
    if (old === null) throw new Error('it is not found');
    expect(await see('cat file; echo new >>file; cat file', old)).toBe('old\nold\nnew\n');
    expect(await see('cat file', old)).toBe('old\n');
    expect((await subject.platform.worker.listSnapshots()).map((one) => one.key)).toContain(key);
    await subject.platform.worker.removeSnapshot(key);
    expect(await subject.platform.worker.find(key)).toBeNull();
  });

  test('nothing is mounted in the host’s namespace, before or after a worker or a runner is killed', async () => {
    if (subject.options === null) throw new Error('no options');
    const { announce: _, ...options } = subject.options;
    const before = await mounts();
    const seconds = oddSeconds();
    await runAndKill({ options, do: 'run', command: `echo hiding; sleep ${seconds}` });
    await waitFor('it is gone', () => processesWith(seconds).length === 0);
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), `sleep ${seconds}`);
    await runAndKill({ options, do: 'start', spec });
    expect(await mounts()).toBe(before);
    await subject.platform.runner.stop(spec.id, { graceMs: 100 });
    await subject.platform.runner.remove(spec.id);
    expect(await mounts()).toBe(before);
  });

  test('a package above the data directory is not found', async () => {
    const above = await mkdtemp(join(tmpdir(), 'checkout-'));
    await mkdir(join(above, 'node_modules', 'leaked'), { recursive: true });
    await writeFile(join(above, 'node_modules', 'leaked', 'index.js'), '');
    const inside = await openLocalSubject(openPlatform, join(above, '.data'));
    try {
      const { output } = await run(inside.platform, [`node -e "require('leaked')" 2>&1 || true`]);
      expect(output).toContain('Cannot find module');
    } finally {
      await inside.close();
      await rm(above, { recursive: true });
    }
  });
});

describe.skipIf(refused !== null || !mayUseAppUsers())(
  'apps with users of their own (skipped unless root with overlays)',
  () => {
    const other: AppId = 'app_another1';

    test('each has its own, and keeps it', async () => {
      const id = async (appId: AppId) =>
        (await run(subject.platform, ['id -u; id -g; id -G'], { attempt: { ...attempt(), appId } })).output.split('\n');
      const [mine, yours] = [await id('app_conformance'), await id(other)];
      expect(mine).not.toEqual(yours);
      expect(await id(other)).toEqual(yours);
      for (const number of [mine[0], yours[0]]) {
        expect(Number(number)).toBeGreaterThanOrEqual(LIMITS.appUserIds.first);
        expect(Number(number)).toBeLessThanOrEqual(LIMITS.appUserIds.last);
      }
      expect(new Set(mine.slice(0, 3)).size).toBe(1);
    });

    test('an app can read no other app’s files, signal none of its processes, and become nobody else', async () => {
      const secret = await mkdtemp(join(tmpdir(), 'secret-'));
      const seconds = oddSeconds();
      const spec = instanceSpec(subject, await snapshotOf(subject.platform, { private: 'x' }), `sleep ${seconds}`);
      const { runner } = subject.platform;
      try {
        await writeFile(join(secret, 'file'), 'canary');
        await runner.startInstance(spec);
        const [pid = 0] = await waitFor('it sleeps', () => {
          const pids = processesWith(`sleep\0${seconds}`);
          return pids.length > 0 ? pids : null;
        });
        const tries = [
          `cat ${secret}/file`,
          `ls ${dataDir()}/instances`,
          `kill -9 ${pid}`,
          `cat /proc/${pid}/environ`,
          'cat /etc/shadow',
          'mount -t tmpfs tmpfs /mnt',
          'chroot / true',
        ];
        const script = tries.map((one) => `${one} >/dev/null 2>&1 && echo '${one} worked'`).join('; ');
        const { output } = await run(subject.platform, [`${script}; true`], {
          attempt: { ...attempt(), appId: other },
        });
        expect(output).toBe('');
        expect(processesWith(`sleep\0${seconds}`)).toContain(pid);
      } finally {
        await runner.stop(spec.id, { graceMs: 100 });
        await runner.remove(spec.id);
        await rm(secret, { recursive: true });
      }
    });

    test('its variables steer nothing that runs as root', async () => {
      const { output } = await run(subject.platform, ['id -u; echo "$LD_PRELOAD $PATH" | grep -c marker'], {
        env: { LD_PRELOAD: '/nonexistent/marker.so' },
      });
      // The loader complains once per program that sees the variable: those of the app, and no other.
      expect(output.match(/marker\.so/g)?.length ?? 0).toBeLessThanOrEqual(4);
      expect(output).not.toMatch(/mount|pivot_root|setpriv/);
    });

    test('what it opens again by name is its own output', async () => {
      const { output } = await run(subject.platform, ['echo out >/dev/stdout; echo err >/dev/stderr']);
      expect(output).toBe('out\nerr\n');
      const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'echo err >>/dev/stderr; sleep 600');
      await subject.platform.runner.startInstance(spec);
      await waitFor('it wrote', async () => (await outputOf(subject, spec.id)) === 'err\n');
      await subject.platform.runner.stop(spec.id, { graceMs: 100 });
      await subject.platform.runner.remove(spec.id);
    });

    test('a tree that belongs to somebody else is given to it', async () => {
      const tree = await snapshotOf(subject.platform, { file: 'x' });
      const made = await publish(['echo more >>file'], [tree], other);
      const { uid } = await stat(join(dataDir(), 'layers', (await layersOf(made)).at(-1) ?? '', 'tree', 'file'));
      expect(uid).toBe(
        Number((await run(subject.platform, ['id -u'], { attempt: { ...attempt(), appId: other } })).output),
      );
    });
  },
);

async function layersOf({ key }: SnapshotRef): Promise<string[]> {
  const manifest: { layers: string[] } = JSON.parse(
    await readFile(join(dataDir(), 'snapshots', key, 'manifest.json'), 'utf8'),
  );
  return manifest.layers;
}
