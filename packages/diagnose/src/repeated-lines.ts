import type { Line } from './line.ts';

/** `> shop@1.0.0 build /app`, `> build`, `> nx run web:build`: after it stands the script's text. */
const SCRIPT_HEADER = /^> (?:(?:@?[\w.-]+(?:\/[\w.-]+)?@[\w.+-]+ )?[\w:.-]+(?: \/\S*)?|nx run \S+)$/;
const COMMAND =
  /^(?:[$+%❯] {1,2}\S|\+\+ \S|##\[(?:group|endgroup|command)\]|::group::|\[command\]|\[[\w-]+\] running: |==> |Task \S+ \S|Step \d+\/\d+ : (?:RUN|CMD|ENTRYPOINT)|(?:=> )?(?:ERROR |CACHED )?> ?\[[^\]]*\] (?:RUN|CMD)\b|\[[^\]]*\d+\/\d+\] RUN )/;
const WORKSPACE_COMMAND = /^(?:[\w.@-]+\/)*[\w.@-]+ [\w:.-]+\$ /;
const EXCERPT = /^\s*(?:>+\s*)?\d+\s*[|│┃](?:\s|$)/;
const FRAME = /^\s*File "[^"]+", line \d+/;
const PLACE = /^(?:file:\/\/)?\S+:\d+(?::\d+)?$/;
const CARETS = /^\s*[\^~]+\s*$/;

/**
 * Whether a line repeats a command or a piece of source code instead of saying what happened: `> echo "ECONNREFUSED"` is no evidence, nor
 * is `throw new Error('X is not set')`.
 */
export function isRepeated(lines: readonly Line[], at: number): boolean {
  const line = lines[at];
  if (line === undefined) return false;
  const { bare, text } = line;
  if (COMMAND.test(bare.trimStart()) || WORKSPACE_COMMAND.test(text) || EXCERPT.test(bare)) return true;
  const before = lines[at - 1]?.bare ?? '';
  if (bare.startsWith('> ')) return isScriptText(lines, at);
  if (FRAME.test(before) && bare.startsWith('    ')) return true;
  return PLACE.test(before) && CARETS.test(lines[at + 1]?.bare ?? '');
}

function isScriptText(lines: readonly Line[], at: number): boolean {
  for (let above = at; above >= 0 && above > at - 20; above--) {
    const bare = lines[above]?.bare ?? '';
    if (!bare.startsWith('> ')) return false;
    if (SCRIPT_HEADER.test(bare)) return true;
  }
  return false;
}

const WARNING =
  /^(?:npm (?:WARN|warn)\b|WARN(?:ING)?\b|warn(?:ing)?\b|⚠|\(node:\d+\) (?:\[\w+\] )?\w*Warning|DEPRECATION|\[?(?:warn(?:ing)?|WARN(?:ING)?)\]?:?\s|.{0,40}\b(?:NOTICE|WARNING):\s)/;

/** Whether the tool itself says that a line is not why it failed. */
export function isWarning({ text, bare }: Line): boolean {
  return WARNING.test(bare.trimStart()) || /\bnpm (?:WARN|warn)\b/.test(text);
}
