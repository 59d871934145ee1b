import { LIMITS } from '@switchyard/domain';
import { expect } from 'vitest';
import { runAndKill } from './errand.ts';
import type { Guarantees } from './platform-conformance.ts';
import { attempt, run, unique } from './subject.ts';
import { oddSeconds, processesWith, stubborn, waitFor } from './waiting.ts';

/** The grace, and much more for a busy machine. */
const BOUND_MS = LIMITS.commandGraceMs * 2 + 20_000;

export const endingGuarantees = {
  async 'an abort leaves nothing of a command that ignores SIGTERM and hides a process'({ platform }) {
    const seconds = oddSeconds();
    const gate = new AbortController();
    const publish = `tree-${unique()}`;
    let abortedAt = 0;
    const { answer } = await run(platform, [stubborn(seconds)], {
      signal: gate.signal,
      publish,
      onOutput(text) {
        if (!text.includes('hiding') || abortedAt > 0) return;
        abortedAt = performance.now();
        gate.abort();
      },
    });
    expect(processesWith(seconds)).toEqual([]);
    expect(performance.now() - abortedAt).toBeLessThan(BOUND_MS);
    expect(answer).toMatchObject({ end: 'aborted' });
    expect(await platform.worker.find(publish)).toBeNull();
  },

  async 'a time limit leaves nothing of it either'({ platform }) {
    const seconds = oddSeconds();
    const publish = `tree-${unique()}`;
    const { answer } = await run(platform, [stubborn(seconds)], { timeLimitMs: 1_000, publish });
    expect(processesWith(seconds)).toEqual([]);
    expect(answer).toMatchObject({ end: 'timed-out' });
    expect(await platform.worker.find(publish)).toBeNull();
  },

  async 'a command that ends leaves nothing behind, and what holds its output does not delay its end'({ platform }) {
    const seconds = oddSeconds();
    const began = performance.now();
    const { answer, output } = await run(platform, [`(setsid sleep ${seconds} &) ; sleep ${seconds} & echo done`]);
    expect(processesWith(seconds)).toEqual([]);
    expect(answer.end).toBe('succeeded');
    expect(output).toBe('done\n');
    expect(performance.now() - began).toBeLessThan(60_000);
  },

  async 'nothing of a run outlives the process that called it'({ options }) {
    if (options === null) throw new Error('a platform of one process can’t keep this; skip it');
    const seconds = oddSeconds();
    const { announce: _, ...rest } = options;
    await runAndKill({ options: rest, do: 'run', command: stubborn(seconds) });
    await waitFor('all processes gone', () => processesWith(seconds).length === 0);
  },

  async 'an abort asks first: a command may clean up'({ platform }) {
    const gate = new AbortController();
    const { answer, output } = await run(
      platform,
      [`trap 'echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.05; done`],
      {
        signal: gate.signal,
        onOutput(text) {
          if (text.includes('up')) gate.abort();
        },
      },
    );
    expect(answer).toMatchObject({ end: 'aborted' });
    expect(output).toContain('cleaned\n');
  },

  async 'a run that was aborted before it began runs nothing'({ platform }) {
    const { answer, output } = await run(platform, ['echo ran'], { signal: AbortSignal.abort() });
    expect(answer).toMatchObject({ end: 'aborted' });
    expect(output).toBe('');
  },

  async 'discarding a deployment’s earlier attempts ends them, and leaves later ones and others alone'({ platform }) {
    const earlier = oddSeconds();
    const later = oddSeconds();
    const { deploymentId } = attempt();
    const gate = new AbortController();
    let up = 0;
    const onOutput = () => {
      up += 1;
    };
    const one = run(platform, [`echo hiding; ${stubborn(earlier)}`], {
      attempt: attempt(1, deploymentId),
      onOutput,
      signal: gate.signal,
    });
    const two = run(platform, [`echo up; sleep ${later}`], {
      attempt: attempt(3, deploymentId),
      onOutput,
      signal: gate.signal,
    });
    one.catch(() => {});
    two.catch(() => {});
    try {
      await waitFor('both run', () => up >= 2 && processesWith(earlier).length > 1 && processesWith(later).length > 0);
      await platform.worker.discardAttempts(deploymentId, 3);
      expect(processesWith(earlier)).toEqual([]);
      expect(processesWith(later).length).toBeGreaterThan(0);
      await platform.worker.discardAttempts(deploymentId, 3);
    } finally {
      gate.abort();
      await Promise.allSettled([one, two]);
    }
    expect(processesWith(later)).toEqual([]);
    await platform.worker.discardAttempts(deploymentId, 4);
    expect((await platform.worker.listWorkspaces()).map((workspace) => workspace.deploymentId)).not.toContain(
      deploymentId,
    );
  },
} satisfies Guarantees;
