import { LIMITS } from '@switchyard/domain';
import type { Container } from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { attempt, instanceSpec, run, type Subject, snapshotOf, unique } from '../conformance/subject.ts';
import { openDockerPlatform } from './docker-platform.ts';
import { openDockerSubject } from './docker-subject.ts';
import { asReadable, openEngine, readAll } from './engine.ts';
import { LABEL, processContainer, snapshotRepository } from './names.ts';

const engine = openEngine();
let subject: Subject;

beforeAll(async () => {
  subject = await openDockerSubject(openDockerPlatform);
});
afterAll(() => subject.close());

describe('a stage’s command', () => {
  it('is nobody special: no root, no capability, no way to gain one', async () => {
    const { output } = await run(subject.platform, ['id -u; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status']);
    expect(output.replaceAll('\t', ' ')).toBe(
      '1000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\n',
    );
  });

  it('can write to its tree, HOME and the temporary directory, and not to the system or the shared tools', async () => {
    const places = ['/app', '$HOME', '/tmp', '/usr/local/bin', '/etc', '/opt/switchyard/tools', '/'];
    const { output } = await run(
      subject.platform,
      places.map((place) => `if touch "${place}/written" 2>/dev/null; then echo yes; else echo no; fi`),
    );
    expect(output.trim().split('\n')).toEqual(['yes', 'yes', 'yes', 'no', 'no', 'no', 'no']);
  });

  it('can’t take more processes or memory than its limits', async () => {
    const { output } = await run(subject.platform, [
      'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes',
      'ulimit -n',
    ]);
    const [processes, memoryBytes, files] = output.trim().split('\n').map(Number);
    expect({ processes, memoryBytes }).toEqual({
      processes: LIMITS.buildResources.processes,
      memoryBytes: LIMITS.buildResources.memoryBytes,
    });
    expect(files).toBeLessThanOrEqual(LIMITS.buildResources.openFiles);
  });

  it('has no engine’s socket and no process but its own within reach', async () => {
    const { output } = await run(subject.platform, [
      'ls /var/run/docker.sock 2>&1 | grep -c "^/var/run"; kill -9 1; echo alive',
    ]);
    expect(output).toContain('0\n');
    expect(output).toContain('alive');
  });
});

describe('a secret', () => {
  it('of a stage is neither in what the engine shows of the container nor in the snapshot', async () => {
    const secret = `canary${unique()}`;
    const mine = attempt();
    let shown = '';
    let inspecting: Promise<void> | undefined;
    const publish = `tree-${unique()}`;
    await run(subject.platform, ['echo up; echo "$SECRET" >"$HOME/kept"; echo "$SECRET" >/tmp/kept; sleep 1'], {
      attempt: mine,
      env: { SECRET: secret },
      publish,
      onOutput() {
        inspecting ??= inspectContainers(mine.deploymentId).then((text) => {
          shown = text;
        });
      },
    });
    await inspecting;
    expect(shown).toContain(mine.deploymentId);
    expect(shown).not.toContain(secret);
    const image = engine.getImage(`${snapshotRepository(subject.farmId)}:${publish}`);
    expect(JSON.stringify([await image.inspect(), await image.history()])).not.toContain(secret);
    for (const path of ['/home', '/tmp', '/app', '/run', '/var/tmp'])
      expect(await filesOf(publish, path)).not.toContain(secret);
  });

  it('of an instance is in nothing that the engine shows', async () => {
    const secret = `canary${unique()}`;
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'echo up; sleep 600', {
      env: { SECRET: secret },
    });
    await subject.platform.runner.startInstance(spec);
    const container = engine.getContainer(processContainer(subject.farmId, spec.id));
    expect(await shownOf(container)).not.toContain(secret);
    await subject.platform.runner.stop(spec.id, { graceMs: 100 });
    await subject.platform.runner.remove(spec.id);
  });
});

async function inspectContainers(deploymentId: string): Promise<string> {
  const found = await engine.listContainers({ all: true, filters: { label: [`${LABEL.deployment}=${deploymentId}`] } });
  const texts = found.map(async ({ Id }) => await shownOf(engine.getContainer(Id)));
  return (await Promise.all(texts)).join('\n');
}

/** All that the engine tells of a container, its processes' arguments included. */
async function shownOf(container: Container): Promise<string> {
  return JSON.stringify({ inspected: await container.inspect(), processes: z.json().parse(await container.top()) });
}

async function filesOf(key: string, path: string): Promise<string> {
  const container = await engine.createContainer({
    Image: `${snapshotRepository(subject.farmId)}:${key}`,
    Labels: { [LABEL.farm]: subject.farmId },
  });
  try {
    return (await readAll(asReadable(await container.getArchive({ path })))).toString('latin1');
  } finally {
    await container.remove();
  }
}
