import { classify } from '@switchyard/diagnose';
import { type Deployment, type Diagnosis, type StepName, stageOf } from '@switchyard/domain';
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
    evidence: diagnosis.evidence.map(({ line, text }) => ({
      line: line === null ? null : reading.lineInLog(line),
      text,
    })),
  };
}
