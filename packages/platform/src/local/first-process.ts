/**
 * The script of pid 1 in a command's namespace; `$1` is the command. No signal from inside reaches it, it reaps, and all ends with it.
 * On a polite end (SIGTERM to all, itself included) it waits for the others, so that an app behind `npm start` has its whole grace
 * although the shells above it are gone at once.
 */
export const FIRST_PROCESS = [
  '[ "$$" = 1 ] || exit 125',
  'ending=',
  "trap 'ending=1' TERM",
  'sh -c "$1"; code=$?',
  'while [ -n "$ending" ] && kill -0 -1 2>/dev/null; do sleep 0.02; done',
  'exit "$code"',
].join('\n');

/** The same where there is no namespace: whoever ends the command finds its processes and waits for them. */
export const GROUP_LEADER = 'sh -c "$1"; exit $?';
