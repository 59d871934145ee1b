import { formatBytes, type MemoryUse, type SnapshotRef, type SystemVariableName } from '@switchyard/domain';
import type { Layer, Toolchain } from '@switchyard/platform';
import { StageStop } from '../stage-stop.ts';
import { COMMAND_ENVIRONMENT } from './command-environment.ts';
import { limitsOf } from './limits-of.ts';
import { planOf, required, type StageContext, type StageFailure } from './stage.ts';

/**
 * Runs a stage's commands on layers and keeps the result; answers the snapshot or what failed. `lastResult` names what the app's last one made, to know
 * what it will take on the disk. Throws when the stage is stopped.
 */
export async function runCommands(
  context: StageContext,
  {
    system = {},
    ...work
  }: {
    layers: readonly Layer[];
    commands: readonly string[];
    root: string;
    toolchain: Toolchain;
    publish: string;
    /** Variables that only this stage has. */
    system?: Partial<Record<SystemVariableName, string>>;
  },
  lastResult: string | null,
): Promise<SnapshotRef | StageFailure> {
  const { deployment, platform, disk, attempt, variables, signal, log, timeLimitMs } = context;
  const limits = limitsOf(context, planOf(context), 'build');
  await disk.ensureRoom(lastResult);
  for (const command of work.commands) log.say(`$ ${command}`);
  const answer = await platform.run({
    ...work,
    attempt,
    // Nothing deploys a fork yet: whoever does says so here.
    downloads: { teamId: deployment.teamId, trusted: deployment.commit?.isForeign !== true },
    env: { ...COMMAND_ENVIRONMENT, ...system, ...variables.build() },
    timeLimitMs,
    limits,
    signal,
    onOutput: (chunk) => log.output(chunk),
  });
  const { peakMemoryBytes, outOfMemory } = answer;
  const memory = { peakMemoryBytes, outOfMemory, memoryLimitBytes: limits.memoryBytes };
  if (work.commands.length > 0) context.memory.see(memory);
  switch (answer.end) {
    case 'succeeded':
      return required(answer.snapshot, 'snapshot of the command');
    case 'failed': {
      const { exit, command } = answer;
      return { kind: 'failed', note: exitNote(command, exit, memory), exit, command, error: null, context: { memory } };
    }
    case 'timed-out':
      throw new StageStop('time-limit');
    case 'aborted':
      throw signal.reason;
  }
}

export function exitNote(
  command: string,
  exit: { code: number | null; signal: string | null },
  memory: MemoryUse | null = null,
): string {
  const how = exit.signal === null ? `exited with ${exit.code ?? 'no code'}` : `was ended by ${exit.signal}`;
  const why =
    memory?.outOfMemory === true ? `, out of memory: its limit is ${formatBytes(memory.memoryLimitBytes)}` : '';
  return `\`${command}\` ${how}${why}.`;
}
