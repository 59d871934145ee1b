import { classify } from '@switchyard/diagnose';
import { cutText, type Deployment, type Diagnosis, LIMITS, type StepName, stageOf } from '@switchyard/domain';
import type { LogSink } from './log-sink.ts';
import type { StageFailure } from './stages/stage.ts';

/** Explains a failed attempt from what the stage knows and from its output; evidence is numbered as in the log. */
export function diagnose(
  failure: StageFailure,
  attempt: { step: StepName; deployment: Deployment; log: Pick<LogSink, 'reading'> },
): Diagnosis {
  const reading = attempt.log.reading();
  const diagnosis = classify({
    stage: stageOf(attempt.step),
    exit: failure.exit,
    output: reading.text,
    error: failure.error,
    command: failure.command,
    context: { plan: attempt.deployment.plan, ...failure.context },
  });
  return {
    ...diagnosis,
    title: shortened(diagnosis.title),
    explanation: shortened(diagnosis.explanation),
    fix: shortened(diagnosis.fix),
    details: Object.fromEntries(
      Object.entries(diagnosis.details).map(([name, value]) => [
        name,
        typeof value === 'string' ? shortened(value) : value,
      ]),
    ),
    evidence: diagnosis.evidence.map(({ line, text }) => ({
      line: line === null ? null : reading.lineInLog(line),
      text,
    })),
  };
}

/** They quote commands and values that a repository's author wrote. */
function shortened(text: string): string {
  return cutText(text, LIMITS.maxErrorMessageBytes);
}
