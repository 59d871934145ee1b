import { classify } from '@switchyard/diagnose';
import { cutText, type Deployment, type Diagnosis, LIMITS, type StepName, stageOf } from '@switchyard/domain';
import type { AttemptVariables } from './attempt-variables.ts';
import type { LogSink } from './log-sink.ts';
import type { StageFailure } from './stages/stage.ts';

/** Explains a failed attempt from what the stage knows and from its output; evidence is numbered as in the log. */
export function diagnose(
  failure: StageFailure,
  attempt: {
    step: StepName;
    deployment: Deployment;
    variables: Pick<AttemptVariables, 'scopes'>;
    log: Pick<LogSink, 'mask' | 'reading'>;
  },
): Diagnosis {
  const reading = attempt.log.reading();
  const diagnosis = classify({
    stage: stageOf(attempt.step),
    exit: failure.exit,
    output: reading.text,
    error: failure.error,
    command: failure.command,
    context: {
      plan: attempt.deployment.plan,
      ...(attempt.variables.scopes === null ? {} : { variables: attempt.variables.scopes }),
      ...failure.context,
    },
  });
  // They quote commands and values that a repository's author wrote, and what its host has answered.
  const shown = (text: string): string => cutText(attempt.log.mask(text), LIMITS.maxErrorMessageBytes);
  return {
    ...diagnosis,
    title: shown(diagnosis.title),
    explanation: shown(diagnosis.explanation),
    fix: shown(diagnosis.fix),
    details: Object.fromEntries(
      Object.entries(diagnosis.details).map(([name, value]) => [
        name,
        typeof value === 'string' ? shown(value) : value,
      ]),
    ),
    ...(diagnosis.lesser === undefined
      ? {}
      : {
          lesser: diagnosis.lesser.map((one) => ({
            ...one,
            title: shown(one.title),
            line: one.line === null ? null : reading.lineInLog(one.line),
          })),
        }),
    evidence: diagnosis.evidence.map(({ line, text }) => ({
      line: line === null ? null : reading.lineInLog(line),
      text: attempt.log.mask(text),
    })),
  };
}
