import { type Fault, HealthFailure, type StageName, SwitchyardError } from '@switchyard/domain';
import { classify, pageOf } from './classify.ts';
import { EXPLAINED_ERRORS } from './error-findings.ts';
import type { Failure } from './failure.ts';
import { FAMILIES } from './families/index.ts';
import { findingOfHealth } from './health-findings.ts';
import { readOutput } from './output.ts';
import type { Words } from './rule.ts';

/** A cause as the documentation describes it: in general, without the values of a case. */
export interface CauseEntry extends Words {
  readonly cause: string;
  readonly family: string;
  readonly fault: Fault;
  /** Where it usually happens; empty: anywhere. */
  readonly stages: readonly StageName[];
  readonly page: string;
}

const NOTHING: Failure = { stage: 'build', exit: null, output: '', error: null, command: null, context: {} };

/** All causes that a diagnosis can name, by family; each once. */
export function catalogue(): readonly CauseEntry[] {
  const ofRules = Object.entries(FAMILIES).flatMap(([family, rules]) =>
    rules.map((rule) => {
      const failure = { ...NOTHING, stage: rule.stages[0] ?? NOTHING.stage };
      return { cause: rule.cause, family, fault: rule.fault, stages: rule.stages, ...rule.words({}, failure) };
    }),
  );
  const ofErrors = EXPLAINED_ERRORS.map((code) => {
    const error = new SwitchyardError(code, '');
    const { cause, fault, title, fix } = classify({ ...NOTHING, error });
    return { cause, family: 'platform', fault, stages: [], title, explanation: error.message, fix };
  });
  const ofHealth = HealthFailure.options.map((failure) => {
    const error = new SwitchyardError('unhealthy', '', { failure });
    const { cause, fault, title, explanation, fix } = findingOfHealth(
      { ...NOTHING, stage: 'health', error },
      readOutput(''),
    );
    return { cause, family: 'health', fault, stages: ['health' as const], title, explanation, fix };
  });
  const killed = classify({ ...NOTHING, exit: { code: 137, signal: null }, context: { memory: SEEN } });
  const all = [...ofRules, ...ofErrors, ...ofHealth, { ...killed, family: 'machine', stages: [] }];
  const first = new Map<string, CauseEntry>();
  for (const { cause, family, fault, stages, title, explanation, fix } of all)
    if (!first.has(cause))
      first.set(cause, { cause, family, fault, stages, title, explanation, fix, page: pageOf(cause) });
  return [...first.values()];
}

/** A limit that was not reached: whoever killed the process, it was not for want of memory. */
const SEEN = { memoryLimitBytes: 2, peakMemoryBytes: 1, outOfMemory: false };
