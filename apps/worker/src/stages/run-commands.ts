import type { SnapshotRef, SystemVariableName } from '@switchyard/domain';
import type { Layer, Toolchain } from '@switchyard/platform';
import { StageStop } from '../stage-stop.ts';
import { COMMAND_ENVIRONMENT } from './command-environment.ts';
import { required, type StageContext, type StageFailure } from './stage.ts';

/** Runs a stage's commands on layers and keeps the result; answers the snapshot or what failed. Throws when the stage is stopped. */
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
): Promise<SnapshotRef | StageFailure> {
  const { platform, attempt, variables, signal, log, timeLimitMs } = context;
  for (const command of work.commands) log.say(`$ ${command}`);
  const answer = await platform.run({
    ...work,
    attempt,
    env: { ...COMMAND_ENVIRONMENT, ...system, ...variables.build() },
    timeLimitMs,
    signal,
    onOutput: (chunk) => log.output(chunk),
  });
  switch (answer.end) {
    case 'succeeded':
      return required(answer.snapshot, 'snapshot of the command');
    case 'failed': {
      const { exit, command } = answer;
      return { kind: 'failed', note: exitNote(command, exit), exit, command, error: null };
    }
    case 'timed-out':
      throw new StageStop('time-limit');
    case 'aborted':
      throw signal.reason;
  }
}

export function exitNote(command: string, exit: { code: number | null; signal: string | null }): string {
  const how = exit.signal === null ? `exited with ${exit.code ?? 'no code'}` : `was ended by ${exit.signal}`;
  return `\`${command}\` ${how}.`;
}
