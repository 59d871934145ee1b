/**
 * The script of pid 1 in a command's namespace. No signal from inside reaches it, it reaps, and all ends with it. `enter` are lines that
 * take it to the tree, `line` is the command's. On a polite end (SIGTERM to all, itself included) it waits for the others, so that an
 * app behind `npm start` has its whole grace although the shells above it are gone at once.
 */
export function firstProcess(enter: string, line: string): string {
  return [
    '[ "$$" = 1 ] || exit 125',
    'ending=',
    "trap 'ending=1' TERM",
    enter,
    `${unannounced(line)}; code=$?`,
    'while [ -n "$ending" ] && kill -0 -1 2>/dev/null; do sleep 0.02; done',
    'exit "$code"',
  ].join('\n');
}

/** The same where there is no namespace: whoever ends the command finds its processes and waits for them. */
export function groupLeader(line: string): string {
  return `${unannounced(line)}; exit $?`;
}

/**
 * A shell says on its stderr how a signal ended what it ran (`Terminated`): from here on the script's own goes nowhere, since the
 * command's output holds what the command printed and nothing else. In a subshell that becomes the command, since dash redirects a plain
 * command's output in the shell itself, while it waits.
 */
export function unannounced(line: string): string {
  return `exec 8>&2 2>/dev/null\n(exec ${line}) 2>&8 8>&-`;
}
