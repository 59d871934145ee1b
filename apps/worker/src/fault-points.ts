import { STEPS, type StepName } from '@switchyard/domain';

/** Marks a place between two effects at which a worker may die. */
export type FaultPoint = (name: string) => void;

/**
 * Places that every step has: it has the right to run; it has run, and nobody has been told; its result is recorded, and what comes next
 * is in the outbox alone; all is handed on.
 */
const COMMON_POINTS = ['begun', 'ran', 'recorded', 'finished'] as const;

/** Places between two effects within a step. */
const OWN_POINTS = {
  migrate: ['desired'],
  health: ['desired'],
  switch: ['moved'],
} as const satisfies Partial<Record<StepName, readonly string[]>>;

export type OwnPoint = (typeof OWN_POINTS)[keyof typeof OWN_POINTS][number];

/** Every place at which a worker may be told to die, `build:ran`. tests/chaos tries each. */
export const FAULT_POINTS: readonly string[] = [
  ...STEPS.flatMap((step) => COMMON_POINTS.map((point) => `${step}:${point}`)),
  ...Object.entries(OWN_POINTS).flatMap(([step, points]) => points.map((point) => `${step}:${point}`)),
];

/**
 * A place of a step, `build:ran`. Where it is the one that is armed, the process kills itself there as if the machine had lost it: for
 * the tests that prove that nothing is lost and nothing is done twice. Otherwise nothing happens.
 */
export function faultPoints(armed: string | undefined): FaultPoint {
  return (name) => {
    if (name === armed) process.kill(process.pid, 'SIGKILL');
  };
}
