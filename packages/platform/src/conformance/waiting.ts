import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is neither false nor null nor undefined. The question is repeated after an error, too. */
export async function waitFor<T>(what: string, ask: () => T | Promise<T>, withinMs = 30_000): Promise<NonNullable<T>> {
  let last: unknown;
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await pause(20)) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`${what}: not within ${withinMs} ms; last: ${String(last)}`);
}

/** Processes of this machine (containers on it included) whose command line holds a text. A zombie has none. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A command that can only be ended by force: its processes ignore SIGTERM, and one of them hides in a session of its own. `seconds` is odd, to be found by. */
export function stubborn(seconds: string): string {
  const hide = `setsid sh -c 'trap "" TERM HUP; while :; do sleep ${seconds}; done' >/dev/null 2>&1 &`;
  return `trap '' TERM HUP; (${hide}) ; echo hiding; while :; do sleep ${seconds}; done`;
}

/** Seconds that no other process sleeps for. */
export function oddSeconds(): string {
  return `${500 + Math.floor(Math.random() * 400)}.${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`;
}
