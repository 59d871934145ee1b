import { processEntry, send } from './process-table.ts';

const FIRST_LOOK_MS = 5;
const SLOWEST_LOOK_MS = 100;

export interface Ending {
  /** The processes that have to go, as they are now. */
  readonly members: () => readonly number[];
  /** Whether the end is reached. */
  readonly isOver: () => boolean;
  /** Resolves when the end may be reached, so that it need not be looked for. */
  readonly mayBeOver?: Promise<unknown>;
  readonly graceMs: number;
  /** SIGKILL for what is not among the members: what guards them. */
  readonly killGuard?: () => void;
}

/**
 * SIGTERM to all, SIGKILL after the grace, and back when all is over. Looks again while it waits: a process that was being forked when
 * the others were told has heard nothing.
 */
export async function endAll({ members, isOver, mayBeOver, graceMs, killGuard }: Ending): Promise<void> {
  const told = new Set<string>();
  let isDue = false;
  const due = mayBeOver?.then(() => {
    isDue = true;
  });
  const deadline = performance.now() + graceMs;
  for (let look = FIRST_LOOK_MS; !isOver(); look = Math.min(look * 2, SLOWEST_LOOK_MS)) {
    const late = performance.now() >= deadline;
    for (const pid of members()) {
      const name = `${pid} ${processEntry(pid)?.startedAt}`;
      if (late) send(pid, 'SIGKILL');
      else if (!told.has(name)) send(pid, 'SIGTERM');
      told.add(name);
    }
    if (late) killGuard?.();
    const wait = late ? FIRST_LOOK_MS : Math.min(look, Math.max(1, deadline - performance.now()));
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, wait)),
      ...(due === undefined || isDue ? [] : [due]),
    ]);
  }
}
