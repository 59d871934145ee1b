/** Everybody who reads a stream at present, so that a stop can send them away in order. */
export interface Readers {
  /** A signal that fires when the api leaves, of a reader that can go on elsewhere; `leave` when the reader is done. */
  join(reader: { readonly resumes: boolean }): { readonly signal: AbortSignal; leave(): void };
  readonly count: number;
  /** Ends the streams of those that can go on elsewhere, and such that begin later at once. */
  dismiss(): void;
}

export function createReaders(): Readers {
  const present = new Map<AbortController, { readonly resumes: boolean }>();
  let dismissed = false;
  return {
    join(reader) {
      const controller = new AbortController();
      present.set(controller, reader);
      if (dismissed && reader.resumes) controller.abort();
      return { signal: controller.signal, leave: () => void present.delete(controller) };
    },
    get count() {
      return present.size;
    },
    dismiss() {
      dismissed = true;
      for (const [controller, { resumes }] of present) if (resumes) controller.abort();
    },
  };
}
