const RETRY_MS = 500;

interface Joined {
  say(): void;
  leave(): Promise<void>;
}

/** This process among those that are alive: tries to join until it has. */
export class Membership {
  readonly #join: () => Promise<Joined>;
  #joined: Joined | null = null;
  #retry: NodeJS.Timeout | null = null;
  #hasLeft = false;

  constructor(join: () => Promise<Joined>) {
    this.#join = join;
  }

  /** Resolves when it has joined, or could not yet. Never rejects. */
  async join(): Promise<void> {
    const joined = await this.#join().catch(() => null);
    if (this.#hasLeft) await joined?.leave().catch(() => undefined);
    else if (joined === null) this.#retry = setTimeout(() => void this.join(), RETRY_MS);
    else this.#joined = joined;
  }

  /** Says at once what it would say with its next beat. */
  say(): void {
    this.#joined?.say();
  }

  /** Says goodbye, where Redis hears it. Never rejects. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#joined?.leave().catch(() => undefined);
  }
}
