import type { PageName } from './pages.ts';
import type { Target } from './target.ts';
import type { Targets } from './targets.ts';

/** How long a request waits for an app whose instances are all on their way up, so that a restart is no visible error. */
const WAIT_FOR_READY_MS = 5_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/**
 * Finds an instance for one request: at once where there is one, else as soon as there is one within `WAIT_FOR_READY_MS` of the first
 * time that none was found. The host is looked up anew each time, since the table may have changed meanwhile.
 */
export class TargetSearch {
  readonly #targets: Targets;
  readonly #host: string;
  readonly #isGone: () => boolean;
  /** Made when the first refuses: most searches end with the first. */
  #refused: Set<Target> | null = null;
  #deadline: number | null = null;
  #pauseMs = FIRST_PAUSE_MS;

  /** `isGone`: the visitor does not wait any more. */
  constructor(targets: Targets, host: string, isGone: () => boolean) {
    this.#targets = targets;
    this.#host = host;
    this.#isGone = isGone;
  }

  /** It did not take the request: others come first from now on. */
  exclude(target: Target): void {
    this.#refused ??= new Set();
    this.#refused.add(target);
  }

  /** A target, the page that says why there is none, or null where one has to wait. */
  now(): Target | PageName | null {
    const site = this.#targets.site(this.#host);
    if (site === undefined) return this.#targets.hasTable ? 'unknown-host' : null;
    if (!site.isLive) return 'nothing-live';
    if (site.isStopped) return 'stopped';
    return this.#targets.choose(site, this.#refused ?? undefined);
  }

  /** As `now`, waiting where one has to; null when the visitor has gone. */
  async later(): Promise<Target | PageName | null> {
    this.#deadline ??= performance.now() + WAIT_FOR_READY_MS;
    for (;;) {
      if (this.#isGone()) return null;
      const found = this.now();
      if (found !== null) return found;
      const leftMs = this.#deadline - performance.now();
      if (leftMs <= 0) return 'unavailable';
      // One that refused may be back on its address before, or without, another table: its app was started again.
      await this.#targets.changed(Math.min(leftMs, this.#pauseMs));
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      this.#refused = null;
    }
  }
}
