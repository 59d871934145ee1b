let silent = false;

/** From here on nothing is said: for a command whose output must be its own. Errors are still shown. */
export function beSilent() {
  silent = true;
}

/**
 * One line about what the set-up does. On stderr, since stdout belongs to the command that was asked for.
 *
 * @param {string} line
 */
export function say(line) {
  if (!silent) console.error(`setup: ${line}`);
}
