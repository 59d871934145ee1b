import { SimulatedProcess } from './simulated-process.ts';
import type { Timeline } from './timeline.ts';

/** Which channels a command speaks on, and what it says there. */
const SPEAKS: Readonly<Record<string, (args: readonly unknown[], answer: unknown) => readonly [string, unknown][]>> = {
  'chain.cancel': ([id]) => [['chain.onCancel', id]],
  'apps.remove': () => [['routing.onChange', undefined]],
  'instances.observe': ([instance]) => [['instances.onObserved', instance]],
  'instances.desire': () => [['instances.onDesired', undefined]],
  'instances.drain': () => [['instances.onDesired', undefined]],
  'instances.withdraw': () => [['instances.onDesired', undefined]],
  'instances.scale': () => [['instances.onDesired', undefined]],
  'oneOffs.desire': () => [['oneOffs.onDesired', undefined]],
  'oneOffs.remove': () => [['oneOffs.onDesired', undefined]],
  'oneOffs.advance': ([oneOff]) => [['oneOffs.onAdvance', idOf(oneOff)]],
  'oneOffs.withdraw': ([id]) => [['oneOffs.onAdvance', id]],
  'routing.putEndpoint': () => [['routing.onChange', undefined]],
  'routing.removeEndpoint': () => [['routing.onChange', undefined]],
  'routing.stop': () => [
    ['routing.onChange', undefined],
    ['instances.onDesired', undefined],
  ],
  'chain.moveRoute': () => [['routing.onChange', undefined]],
  'chain.turnBack': () => [['routing.onChange', undefined]],
  'routing.acknowledge': () => [['routing.onAcknowledge', undefined]],
};

function idOf(record: unknown): unknown {
  return typeof record === 'object' && record !== null && 'id' in record ? record.id : undefined;
}

interface Listener {
  readonly process: SimulatedProcess;
  readonly hear: (said: unknown) => void;
}

/** The channels: what is said reaches each listener in its own time, or not at all. */
export class Hints {
  readonly #timeline: Timeline;
  readonly #isLost: () => boolean;
  readonly #delayMs: () => number;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(timeline: Timeline, chance: { isLost: () => boolean; delayMs: () => number }) {
    this.#timeline = timeline;
    this.#isLost = chance.isLost;
    this.#delayMs = chance.delayMs;
  }

  listen(name: string, process: SimulatedProcess, listener: unknown): () => void {
    if (typeof listener !== 'function') throw new Error(`${name} without a listener`);
    const step = SimulatedProcess.currentStep();
    const one: Listener = {
      process,
      hear: (said) => process.run(() => void Reflect.apply(listener, undefined, [said]), step),
    };
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(one));
    return () => void listeners.delete(one);
  }

  /** After a command has been carried out. */
  after(name: string, args: readonly unknown[], answer: unknown): void {
    for (const [channel, said] of SPEAKS[name]?.(args, answer) ?? []) {
      const listeners = this.#listeners.get(channel);
      for (const listener of listeners ?? []) {
        if (this.#isLost()) continue;
        listener.process.plan(this.#timeline.now + this.#delayMs(), () => {
          if (listeners?.has(listener) === true) listener.hear(said);
        });
      }
    }
  }
}
