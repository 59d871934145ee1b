/** Lets a loop sleep until a time or until somebody wakes it; a wake that comes before the sleep is not lost. */
export class Wake {
  #awake = false;
  #resolve: (() => void) | null = null;

  wake(): void {
    this.#awake = true;
    this.#resolve?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#awake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#awake = false;
    this.#resolve = null;
  }
}
