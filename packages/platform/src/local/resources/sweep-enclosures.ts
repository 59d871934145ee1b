import { isAlive, processEntry } from '../process-table.ts';
import type { ResourceControl } from './enclosure.ts';

const maker = processEntry(process.pid)?.startedAt ?? '0';
const NAME = /^attempt\.([^.]+)\.([^.]+)-(\d+)-[^.]*\.(\d+)-([^.]+)$/;

/** `attempt.<deployment>.<stage>-<token>-<random>.<pid>-<start time>` of whoever made it. */
export function attemptEnclosure(deploymentId: string, workspaceName: string): string {
  return `attempt.${deploymentId}.${workspaceName}.${process.pid}-${maker}`;
}

/** Ends what earlier attempts of a deployment have in enclosures, hidden or not. */
export async function removeAttempts(control: ResourceControl, deploymentId: string, below: number): Promise<void> {
  for (const name of await control.list()) {
    const [, deployment, , token] = NAME.exec(name) ?? [];
    if (deployment === deploymentId && Number(token) < below) await control.remove(name);
  }
}

/** Removes what a killed worker or runner left: attempts whose maker is gone, and instances and one-offs that no directory tells of. */
export async function sweepEnclosures(
  control: ResourceControl,
  isKept: (id: string) => Promise<boolean>,
): Promise<void> {
  for (const name of await control.list()) {
    const [, , , , pid, startedAt] = NAME.exec(name) ?? [];
    if (pid !== undefined && startedAt !== undefined) {
      if (!isAlive(Number(pid), startedAt)) await control.remove(name);
    } else if (/^(?:ins|run)_/.test(name) && !(await isKept(name))) await control.remove(name);
  }
}
