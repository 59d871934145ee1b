import type { Diagnosis, StageName } from '@switchyard/domain';
import { classify } from './classify.ts';
import { readOutput } from './output.ts';

export interface SavedOutput {
  readonly output: string;
  /** null: the one that its words fit best. */
  readonly stage: StageName | null;
  /** null: not known; then an output that ends well has no diagnosis. */
  readonly exitCode: number | null;
}

/**
 * What a saved output means, of which less may be known than of an attempt: null where it is of a run that succeeded, or where nothing is
 * recognised.
 */
export function diagnoseOutput({ output, stage, exitCode }: SavedOutput): {
  stage: StageName;
  diagnosis: Diagnosis | null;
} {
  const code = exitCode ?? saidExitCode(output);
  if (code === 0 || (code === null && endsWell(output))) return { stage: stage ?? 'build', diagnosis: null };
  const exit = code === null ? null : { code, signal: null };
  const found = (stage === null ? LIKELY : [stage])
    .map((one) => classify({ stage: one, exit, output, error: null, command: null, context: {} }))
    .reduce((best, next) => (next.confidence > best.confidence ? next : best));
  const isTold = found.cause !== 'unknown' && (stage !== null || found.confidence >= LEAST_OF_A_GUESS);
  return { stage: stage ?? (isTold ? found.stage : 'build'), diagnosis: isTold ? found : null };
}

/** Words as common as "Error:" are a crash in the stage that starts the app alone. */
const LEAST_OF_A_GUESS = 0.65;
/** Of equals the earlier: the words of sources and switches are common in other stages. */
const LIKELY: readonly StageName[] = [
  'build',
  'install',
  'migrate',
  'package',
  'health',
  'environment',
  'source',
  'switch',
];

/** The exit code that whoever ran the command wrote under its output. */
function saidExitCode(output: string): number | null {
  const found =
    /^(?:Process completed with exit code|error: exited with code|command failed with exit status|Process exited with code) (\d{1,3})\b/m.exec(
      output.slice(-2_000),
    );
  return found?.[1] === undefined ? null : Number(found[1]);
}

const ENDS_WELL =
  /^(?:added \d+ packages?\b|up to date\b|✓ built in |✨ ?Done in |Done in \d|Successfully (?:built|tagged|installed) |HEAD is now at |health ?check passed|All migrations have been successfully applied|No migrations were executed|# fail 0$|Tests:\s+(?:\d+ skipped, )?\d+ passed|Ran all test suites|\s*Finished `?release|BUILD SUCCESS|webpack .* compiled (?:successfully|with \d+ warnings?)|Compiled (?:successfully|with warnings)|(?:CREATE|ALTER|DROP) TABLE$|COMMIT$)/i;
const LAST_LINES = 40;

/** Nothing after the last sign of success says that something failed. */
function endsWell(output: string): boolean {
  const lines = readOutput(output).lines.filter(({ text }) => text.trim() !== '');
  const tail = lines.slice(-LAST_LINES);
  const good = tail.findLastIndex(({ bare }) => ENDS_WELL.test(bare));
  return (
    good >= 0 &&
    !tail
      .slice(good + 1)
      .some(
        ({ bare }) =>
          /\b(?:error|fatal|failed|failure|exception|cannot|not found|denied|refused|killed)\b/i.test(bare) &&
          !/\b(?:0|no) (?:errors?|fail)/i.test(bare),
      )
  );
}
