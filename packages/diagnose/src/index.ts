export { type CauseEntry, catalogue } from './catalogue.ts';
export { classify, pageOf } from './classify.ts';
export { diagnoseOutput, type SavedOutput } from './diagnose-output.ts';
export type { Failure, FailureContext } from './failure.ts';
export { telling, testCase } from './test-case.ts';
