export { classify } from './classify.ts';
export type { Failure, FailureContext } from './failure.ts';
