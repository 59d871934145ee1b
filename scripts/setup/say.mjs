/**
 * One line about what the set-up does. On stderr, since stdout belongs to the command that was asked for.
 *
 * @param {string} line
 */
export function say(line) {
  console.error(`setup: ${line}`);
}
