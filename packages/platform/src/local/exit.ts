import { constants } from 'node:os';
import type { Exit } from '../platform.ts';

const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** A shell answers 128 + n for a command that signal n ended; that is taken as the signal. */
export function shellExit(status: number): Exit {
  const signal = status > 128 ? NAMES.get(status - 128) : undefined;
  return signal === undefined ? { code: status, signal: null } : { code: null, signal };
}
