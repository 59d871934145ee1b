import { StepName as Step, type StepName, SwitchyardError } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Run } from './run.ts';
import { outside, SimulatedProcess } from './simulated-process.ts';

/** As `connection.ts` has it: a command that has no answer by then is given up by its sender. */
const COMMAND_TIMEOUT_MS = 5_000;

const away = (): SwitchyardError => new SwitchyardError('redis-unavailable', 'Redis does not answer right now.');

function isStep(value: unknown): value is StepName {
  return Step.safeParse(value).success;
}

/** The step that a command is about, where it says so: a lease or a wake-up. */
function stepOf(args: readonly unknown[]): StepName | null {
  const [first] = args;
  return typeof first === 'object' && first !== null && 'step' in first && isStep(first.step) ? first.step : null;
}

const never = (): Promise<never> => new Promise(() => undefined);

/**
 * The store as one process sees it: every command takes its time, may be cut off before or after it is carried out, and its process may
 * die or stand still around it. Channels say what `Hints` lets them say.
 */
export function storeOf(run: Run, process: SimulatedProcess): Store {
  const groups = new Map<string, object>();
  const groupOf = (name: string, target: object): object =>
    new Proxy(target, {
      get(methods, method) {
        const member: unknown = Reflect.get(methods, method);
        if (typeof member !== 'function' || typeof method !== 'string') return member;
        const full = `${name}.${method}`;
        if (/^on[A-Z]/.test(method)) return (...args: unknown[]) => run.hints.listen(full, process, args.at(-1));
        return async (...args: unknown[]): Promise<unknown> =>
          await call(run, process, { name: full, args, act: async () => await asked(member, methods, args) });
      },
    });
  return new Proxy(run.farm.store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof name !== 'string' || typeof member !== 'object' || member === null) return member;
      let group = groups.get(name);
      if (group === undefined) groups.set(name, (group = groupOf(name, member)));
      return group;
    },
  });
}

async function asked(method: object, of: object, args: readonly unknown[]): Promise<unknown> {
  if (typeof method !== 'function') throw new Error('not a method');
  const answer: unknown = await Reflect.apply(method, of, args);
  return answer;
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly act: () => Promise<unknown>;
}

async function call(run: Run, process: SimulatedProcess, { name, args, act }: Call): Promise<unknown> {
  const { timeline, random, weather } = run;
  const step = stepOf(args) ?? SimulatedProcess.currentStep();
  const sentAt = timeline.now;
  const fault = run.mayFail(process) ? weather.ofCall() : null;
  const strike = (struck: Parameters<Run['strike']>[0]): void => run.strike(struck, step, `${process.name} at ${name}`);
  const carryOut = async (): Promise<unknown> =>
    await timeline.during(run.carryOut({ process, name, args, sentAt, act: () => outside(act) }));

  if (fault?.kind === 'pause-before') {
    strike('worker pauses');
    run.pause(process, fault.ms);
  }
  if (fault?.kind === 'die-before') {
    strike(name === 'chain.sweep' ? 'sweeper dies' : 'worker dies');
    run.die(process);
    return await never();
  }
  if (fault?.kind === 'late' && fault.ms > COMMAND_TIMEOUT_MS) {
    strike('command arrives after its sender gave up');
    timeline.plan(sentAt + fault.ms, () => void carryOut().catch(() => undefined));
    await process.sleep(COMMAND_TIMEOUT_MS);
    throw away();
  }
  if (fault?.kind === 'late') strike('Redis answers late');
  await process.sleep(fault?.kind === 'late' ? fault.ms : random.between(0, 2));
  if (fault?.kind === 'cut-before') {
    strike('connection is cut before');
    throw away();
  }
  const answer = await carryOut();
  if (fault?.kind === 'die-after') {
    strike(name === 'chain.sweep' ? 'sweeper dies' : 'worker dies');
    run.die(process);
  }
  if (process.isDead) return await never();
  if (fault?.kind === 'pause-after') {
    strike('worker pauses');
    run.pause(process, fault.ms);
    await process.sleep(0);
  }
  if (fault?.kind === 'cut-after') {
    strike('connection is cut after');
    throw away();
  }
  return answer;
}
