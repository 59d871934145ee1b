import { constants } from 'node:os';

/** An expected end: its message tells a person what to do, so no stack is shown. */
export class Failure extends Error {
  /**
   * @param {string} message one or a few lines; empty when what failed has already said why
   * @param {number} exitCode
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a shell reports for a program that ended by this signal. */
export function exitCodeOfSignal(signal) {
  return 128 + (constants.signals[signal] ?? 0);
}

/**
 * Runs an entry point. Its return value is the exit code (none means 0).
 *
 * @param {() => Promise<number | void>} entry
 */
export async function main(entry) {
  try {
    process.exitCode = (await entry()) ?? 0;
  } catch (error) {
    if (error instanceof Failure) {
      if (error.message) console.error(error.message);
      process.exitCode = error.exitCode;
    } else {
      console.error(error);
      process.exitCode = 1;
    }
  }
}
