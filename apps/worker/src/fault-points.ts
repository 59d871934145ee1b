/** Marks a place between two effects at which a worker may die. */
export type FaultPoint = (name: string) => void;

/**
 * A place of a step, `build:ran`. Where it is the one that is armed, the process kills itself there as if the machine had lost it: for
 * the tests that prove that nothing is lost and nothing is done twice. Otherwise nothing happens.
 */
export function faultPoints(armed: string | undefined): FaultPoint {
  return (name) => {
    if (name === armed) process.kill(process.pid, 'SIGKILL');
  };
}
