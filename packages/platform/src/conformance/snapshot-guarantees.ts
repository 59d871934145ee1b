import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Guarantees } from './platform-conformance.ts';
import { attempt, run, snapshotOf, unique } from './subject.ts';

export const snapshotGuarantees = {
  async 'a snapshot is found under its name once it is published, and not before'({ platform: { worker } }) {
    const key = `tree-${unique()}`;
    const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
    expect(await worker.find(key)).toBeNull();
    const published = await worker.importTree({ attempt: attempt(), directory, publish: key });
    expect(published.key).toBe(key);
    expect(await worker.find(key)).toEqual(published);
    await rm(directory, { recursive: true });
    expect(await worker.find(key)).toEqual(published);
  },

  async 'an imported directory keeps modes and links, and leaves its .git behind'({ platform }) {
    const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
    await mkdir(join(directory, '.git'));
    await writeFile(join(directory, '.git', 'config'), 'secret');
    await writeFile(join(directory, '.gitignore'), 'x');
    await writeFile(join(directory, 'script'), '#!/bin/sh\necho it runs\n');
    await chmod(join(directory, 'script'), 0o755);
    await symlink('script', join(directory, 'link'));
    const snapshot = await platform.worker.importTree({ attempt: attempt(), directory, publish: `tree-${unique()}` });
    await rm(directory, { recursive: true });
    const { output } = await run(platform, ['./link', 'readlink link', 'ls -a | grep git'], { layers: [{ snapshot }] });
    expect(output).toBe('it runs\nscript\n.gitignore\n');
  },

  async 'a name that is published twice keeps its first content'({ platform }) {
    const publish = `tree-${unique()}`;
    const first = await run(platform, ['echo first >content'], { publish });
    const second = await run(platform, ['echo second >content'], { publish });
    expect(first.answer).toMatchObject({ end: 'succeeded', snapshot: await platform.worker.find(publish) });
    if (first.answer.end !== 'succeeded') throw new Error(first.answer.end);
    expect(second.answer).toMatchObject({ end: 'succeeded', snapshot: first.answer.snapshot });
    const snapshot = await platform.worker.find(publish);
    const { output } = await run(platform, ['cat content'], { layers: snapshot === null ? [] : [{ snapshot }] });
    expect(output).toBe('first\n');
  },

  async 'two runs that publish one name at once both answer with the winner’s snapshot'({ platform }) {
    const publish = `tree-${unique()}`;
    const racers = await Promise.all(
      ['a', 'b', 'c'].map((name) => run(platform, [`echo ${name} >content`], { publish })),
    );
    const snapshot = await platform.worker.find(publish);
    expect(snapshot).not.toBeNull();
    for (const { answer } of racers) expect(answer).toMatchObject({ end: 'succeeded', snapshot });
  },

  async 'a path of a snapshot exists or does not'({ platform }) {
    const snapshot = await snapshotOf(platform, { 'dist/index.html': 'x' });
    const { worker } = platform;
    expect(await worker.exists(snapshot, 'dist')).toBe(true);
    expect(await worker.exists(snapshot, 'dist/index.html')).toBe(true);
    expect(await worker.exists(snapshot, 'dist/other')).toBe(false);
    expect(await worker.exists(snapshot, 'dist/index.html/below')).toBe(false);
  },

  async 'a snapshot is listed with its last use'({ platform: { worker }, platform }) {
    const snapshot = await snapshotOf(platform, { a: 'a' });
    const used = async () => (await worker.listSnapshots()).find(({ key }) => key === snapshot.key)?.lastUsedAt ?? 0;
    const before = await used();
    expect(before).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await worker.find(snapshot.key);
    expect(await used()).toBeGreaterThan(before);
  },

  async 'a snapshot that was used meanwhile is not removed'({ platform: { worker }, platform }) {
    const snapshot = await snapshotOf(platform, { a: 'a' });
    const listed = async () => (await worker.listSnapshots()).find(({ key }) => key === snapshot.key);
    const unusedSince = (await listed())?.lastUsedAt ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await worker.find(snapshot.key);
    expect(await worker.removeSnapshot(snapshot.key, { unusedSince })).toBe(false);
    expect(await worker.exists(snapshot, 'a')).toBe(true);
    expect((await listed())?.bytes).toBeGreaterThan(0);
    const now = (await listed())?.lastUsedAt ?? 0;
    expect(await worker.removeSnapshot(snapshot.key, { unusedSince: now })).toBe(true);
    expect(await worker.find(snapshot.key)).toBeNull();
  },

  async 'a removed snapshot is gone, and may be removed again'({ platform: { worker }, platform }) {
    const snapshot = await snapshotOf(platform, { a: 'a' });
    await worker.removeSnapshot(snapshot.key);
    await worker.removeSnapshot(snapshot.key);
    expect(await worker.find(snapshot.key)).toBeNull();
    expect((await worker.listSnapshots()).map(({ key }) => key)).not.toContain(snapshot.key);
    await expect(worker.exists(snapshot, 'a')).rejects.toMatchObject({ code: 'snapshot-missing' });
  },

  async 'a run on a snapshot that is not there is refused as snapshot-missing'({ platform }) {
    const snapshot = await snapshotOf(platform, { a: 'a' });
    await platform.worker.removeSnapshot(snapshot.key);
    await expect(run(platform, ['true'], { layers: [{ snapshot }] })).rejects.toMatchObject({
      code: 'snapshot-missing',
    });
  },

  async 'what a run does to its tree leaves the snapshots that it was given as they were'({ platform }) {
    const snapshot = await snapshotOf(platform, { 'a/file': 'original\n' });
    const layers = [{ snapshot }];
    const changed = await run(platform, ['echo more >>a/file', 'cat a/file', 'rm -r a', 'touch new'], { layers });
    expect(changed.output).toBe('original\nmore\n');
    const { output } = await run(platform, ['cat a/file', 'ls'], { layers });
    expect(output).toBe('original\na\n');
  },

  async 'a toolchain that is ready says the same when it is prepared again'({ platform: { worker } }) {
    const signal = new AbortController().signal;
    const toolchain = { runtime: { name: 'node' as const, wanted: '*' }, packageManager: null };
    const first = await worker.prepare(toolchain, { signal, onOutput: () => {} });
    expect(first.description).toMatch(/^node /);
    expect(first.target).toMatch(/^[a-z0-9]+-[a-z0-9]+/);
    expect(await worker.prepare(toolchain, { signal, onOutput: () => {} })).toEqual(first);
  },
} satisfies Guarantees;
