import type { Output } from './output.ts';

/** Signs that a kind of failure was overcome: failures of that kind before such a line did not end the run. */
const SIGNS: readonly { readonly of: RegExp; readonly by: RegExp; readonly hints: readonly string[] }[] = [
  {
    of: /^npm (?:ERR!|error)|\bnpm (?:ERR!|error)\b/,
    by: /^(?:added|changed|removed) \d+ packages?\b|^up to date\b/,
    hints: ['added ', 'changed ', 'removed ', 'up to date'],
  },
  {
    of: /\b(?:fatal|error): |Connection (?:refused|reset|timed out)|Could not resolve/,
    by: /^(?:HEAD is now at|Resolving deltas: 100%|Receiving objects: 100%|Updating files: 100%|Switched to )/,
    hints: [
      'head is now at',
      'resolving deltas: 100%',
      'receiving objects: 100%',
      'updating files: 100%',
      'switched to',
    ],
  },
  {
    of: /\bcurl: \(\d+\)|\b(?:ECONNREFUSED|Connection refused|HTTP (?:status )?[45]\d\d|returned error: [45]\d\d|unhealthy)\b/,
    by: /\b(?:health ?check (?:passed|succeeded|ok)|is (?:now )?healthy|became healthy|passed after \d+)/i,
    hints: ['check passed', 'check succeeded', 'check ok', 'healthy', 'passed after'],
  },
];
const RETRY = /\bretry(?:ing)?\b|\btrying again\b|\battempt \d+|\bwaiting for\b|\bretries left\b|\btry \d+\b/i;
const RECOVERED =
  /\b(?:connected|connection (?:established|restored|ok|successful)|succeeded|recovered|available|reachable|ok after \d+|done after \d+)\b/i;
const NEGATED = /\b(?:not|no|never|cannot|fail\w*|error|unable|un\w+able|refused|re)\b|n't\b/i;

/** Answers whether the failure in a line was overcome later: tried again, and it worked. */
export function overcomeLines(output: Output): (at: number) => boolean {
  const until = SIGNS.map(({ by, hints }) => lastWith(output, hints, (bare) => by.test(bare)));
  const recovered = lastWith(
    output,
    ['connected', 'connection ', 'succeeded', 'recovered', 'available', 'reachable', ' after '],
    (bare) => RECOVERED.test(bare) && !NEGATED.test(bare),
  );
  return (at) => {
    const text = output.lines[at]?.text ?? '';
    if (SIGNS.some(({ of }, index) => at < (until[index] ?? -1) && of.test(text))) return true;
    return at < recovered && [0, 1, 2].some((offset) => RETRY.test(output.lines[at + offset]?.text ?? ''));
  };
}

function lastWith(output: Output, hints: readonly string[], test: (bare: string) => boolean): number {
  return output.linesWith(hints).findLast((at) => test(output.lines[at]?.bare ?? '')) ?? -1;
}
