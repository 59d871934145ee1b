import { InstanceId, OneOffId } from '@switchyard/domain';
import type { ContainerInspectInfo } from 'dockerode';
import { z } from 'zod';
import { shellExit } from '../local/exit.ts';
import type { FoundProcess } from '../platform.ts';
import { LABEL } from './names.ts';

/** The part of an inspection that is read. */
export interface InspectedProcess {
  readonly Created: string;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
  readonly State: Pick<
    ContainerInspectInfo['State'],
    'Status' | 'Running' | 'Paused' | 'Pid' | 'ExitCode' | 'StartedAt' | 'FinishedAt' | 'OOMKilled'
  >;
}

const Id = z.union([InstanceId, OneOffId]);
const Whole = z.coerce.number().int().nonnegative();

/** The engine's year 1 stands for never. */
function timeOf(text: string): number {
  return Math.max(0, Date.parse(text) || 0);
}

/** The container's own address: on the network that it was given, else on the default bridge. */
function hostOf(info: InspectedProcess): string | null {
  const networks = Object.values(info.NetworkSettings.Networks ?? {});
  return networks.find(({ IPAddress }) => IPAddress !== '')?.IPAddress ?? null;
}

/** What the engine says of a container, in the platform's words; null where it is not an instance or one-off. */
export function foundProcess(info: InspectedProcess): FoundProcess | null {
  const labels = info.Config.Labels ?? {};
  const id = Id.safeParse(labels[LABEL.process]);
  if (!id.success) return null;
  const { State: state } = info;
  // One that restarts or is paused lives; one that was made and never started has ended before it began.
  const running = state.Running || state.Paused;
  const startedAt = timeOf(state.StartedAt);
  const ended = running || startedAt === 0 ? null : shellExit(state.ExitCode);
  const limit = Whole.safeParse(labels[LABEL.timeLimitMs]);
  const host = running ? hostOf(info) : null;
  const port = Whole.safeParse(labels[LABEL.port]);
  return {
    id: id.data,
    epoch: Whole.parse(labels[LABEL.epoch]),
    state: running ? 'running' : 'exited',
    exit: ended,
    // The container's first process ends the command at its limit, so one that took as long was ended.
    timedOut: ended !== null && limit.success && timeOf(state.FinishedAt) - startedAt >= limit.data,
    // The engine forgets a container's peak when it ends.
    peakMemoryBytes: null,
    outOfMemory: state.OOMKilled,
    pid: running ? state.Pid : null,
    startedAt: startedAt === 0 ? timeOf(info.Created) : startedAt,
    address: host === null || !port.success ? null : { host, port: port.data },
  };
}
