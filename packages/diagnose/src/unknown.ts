import type { Line, Output } from './output.ts';

const MAX_LINES = 5;
/** Lines that name a failure, best first. */
const SIGNS: readonly (readonly [pattern: RegExp, weight: number])[] = [
  [/^(?:Uncaught )?(?:\w*Error|\w*Exception)\b.*: \S/, 6],
  [/\b(?:fatal|panic|FATAL)\b/i, 5],
  [/(?:^|[\s[(])error(?:[\s:\])!]|$)/i, 4],
  [/\bE[A-Z]{4,}\b/, 4],
  [
    /\b(?:cannot|can't|could not|couldn't|unable to|failed to|not found|no such|denied|refused|invalid|unexpected|missing|unknown)\b/i,
    3,
  ],
  [/\bfail(?:ed|ure)?\b/i, 2],
];
const NOISE =
  /\b0 errors?\b|\bno errors?\b|^\s+at |^\s*\d+ (?:warnings?|vulnerabilities)|npm (?:error|ERR!) A complete log|_logs\/|\bdeprecated\b|^\s*$/i;

/** The lines that tell most of an output that no rule knows: those that name a failure, the earlier of equals, else the last ones. */
export function tellingLines(output: Output): readonly Line[] {
  const ranked = output.lines
    .map((line) => ({ line, rank: NOISE.test(line.text) ? 0 : rankOf(line.bare) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank || a.line.number - b.line.number)
    .slice(0, MAX_LINES)
    .map(({ line }) => line)
    .toSorted((a, b) => a.number - b.number);
  if (ranked.length > 0) return ranked;
  return lastLines(output);
}

export function lastLines(output: Output): readonly Line[] {
  return output.lines.filter(({ text }) => text.trim() !== '').slice(-MAX_LINES);
}

function rankOf(text: string): number {
  return Math.max(0, ...SIGNS.map(([pattern, weight]) => (pattern.test(text) ? weight : 0)));
}
