/** Everybody who reads a stream at present, so that a stop can send them away in order. */
export interface Readers {
  /** A signal that fires when the api stops; `leave` when the reader is done. */
  join(): { readonly signal: AbortSignal; leave(): void };
  readonly count: number;
  /** Ends all streams, and those that begin later at once. */
  dismiss(): void;
}

export function createReaders(): Readers {
  const present = new Set<AbortController>();
  let dismissed = false;
  return {
    join() {
      const controller = new AbortController();
      present.add(controller);
      if (dismissed) controller.abort();
      return { signal: controller.signal, leave: () => void present.delete(controller) };
    },
    get count() {
      return present.size;
    },
    dismiss() {
      dismissed = true;
      for (const controller of present) controller.abort();
    },
  };
}
