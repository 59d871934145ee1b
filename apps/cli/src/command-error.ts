/** A command that can't do what it was asked for; the message says what to do. Nothing of a stack trace is shown. */
export class CommandError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
  }
}

/** What the command's exit code tells a script. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
