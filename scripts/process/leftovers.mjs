import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * A process that outlived what started it.
 *
 * @typedef {object} Leftover
 * @property {number} pid
 * @property {string} command
 */

/** A vitest worker carries the mark as well, and vitest ends it by itself. */
const isTestWorker = (command) => /[/\\]vitest[/\\]dist[/\\]workers[/\\]/.test(command);

function read(pid, file) {
  try {
    return readFileSync(join('/proc', String(pid), file), 'utf8');
  } catch {
    return '';
  }
}

function link(pid, name) {
  try {
    return readlinkSync(join('/proc', String(pid), name));
  } catch {
    return '';
  }
}

function openFiles(pid) {
  try {
    return readdirSync(join('/proc', String(pid), 'fd')).map((fd) => link(pid, join('fd', fd)));
  } catch {
    return [];
  }
}

/**
 * The processes on this machine that carry a mark in their environment, or that work in a directory: their environment can be another
 * by design (a deployed app's), but not their open files. Linux only; elsewhere the list is empty.
 *
 * @param {{ mark: string, directory?: string }} belongs
 * @returns {Leftover[]}
 */
function leftovers({ mark, directory }) {
  if (process.platform !== 'linux') return [];
  const found = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // A zombie has an empty command line: it is over, and only its parent can wait for it.
    const command = read(pid, 'cmdline').split('\0').join(' ').trim();
    if (!command || isTestWorker(command)) continue;
    const inDirectory = (path) => directory !== undefined && (path === directory || path.startsWith(`${directory}/`));
    const carriesMark = `\0${read(pid, 'environ')}`.includes(`\0${mark}\0`);
    const works =
      inDirectory(link(pid, 'cwd')) ||
      (directory !== undefined && command.includes(directory)) ||
      openFiles(pid).some(inDirectory);
    if (carriesMark || works) found.push({ pid, command });
  }
  return found;
}

/**
 * Gives what is ending a moment to end, then kills what is left.
 *
 * @param {Parameters<typeof leftovers>[0]} belongs
 * @param {number} graceMs
 * @returns {Promise<Leftover[]>} what had to be killed
 */
export async function endLeftovers(belongs, graceMs) {
  const deadline = performance.now() + graceMs;
  let left = leftovers(belongs);
  while (left.length > 0 && performance.now() < deadline) {
    await pause(POLL_MS);
    left = leftovers(belongs);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in between.
    }
  }
  return left;
}
