import { STEPS, type StepName } from '@switchyard/domain';
import type { Random } from './random.ts';

/** What goes wrong, or comes in between. */
export const FAULTS = [
  'worker dies',
  'worker pauses',
  'worker is told to stop',
  'connection is cut before',
  'connection is cut after',
  'Redis answers late',
  'command arrives after its sender gave up',
  'result is not handed on',
  'job comes late',
  'job comes twice',
  'job is lost',
  'sweeper dies',
  'runner dies',
  'one-off is lost',
  'instance crashes',
  'router is gone',
  'old token is used',
  'stage fails',
  'stage fails for a moment',
  'cancel',
  'newer deployment',
  'rollback',
  'restart',
  'stop',
  'start',
  'hold is released',
  'turn-back',
] as const;
export type Fault = (typeof FAULTS)[number];

/** How often each fault struck a deployment at each step; `-` where none was under way. */
export class FaultTable {
  readonly #counts = new Map<string, number>();

  count(fault: Fault, step: StepName | null, times = 1): void {
    const key = `${fault}|${step ?? '-'}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + times);
  }

  get(fault: Fault, step: StepName | null): number {
    return this.#counts.get(`${fault}|${step ?? '-'}`) ?? 0;
  }

  add(other: FaultTable): void {
    for (const fault of FAULTS) for (const step of [...STEPS, null]) this.count(fault, step, other.get(fault, step));
  }

  /** For a page: a table in Markdown. */
  toString(): string {
    const head = ['', ...STEPS, '-'];
    const rows = FAULTS.map((fault) => [
      fault,
      ...[...STEPS, null].map((step) => String(this.get(fault, step) || '·')),
    ]);
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
  }
}

/** What may become of one command to Redis. */
export type CallFault =
  | { readonly kind: 'die-before' | 'die-after' }
  | { readonly kind: 'cut-before' | 'cut-after' }
  | { readonly kind: 'pause-before' | 'pause-after'; readonly ms: number }
  | { readonly kind: 'late'; readonly ms: number };

/**
 * How likely things go wrong, other in each run: a fault that comes all the time hides what another would have shown, so most runs have a
 * few kinds of them only.
 */
export class Weather {
  readonly #random: Random;
  readonly #odds: Readonly<
    Record<'die' | 'pause' | 'cut' | 'late' | 'handOn' | 'lostJob' | 'lateJob' | 'twice' | 'point', number>
  >;
  readonly stageFails: number;
  readonly hintIsLost: number;
  #isOver = false;

  constructor(random: Random) {
    this.#random = random;
    const some = (few: number, many: number): number => random.pick([0, few, few, many]) ?? 0;
    this.#odds = {
      die: some(0.001, 0.008),
      pause: some(0.0005, 0.004),
      cut: some(0.002, 0.02),
      late: some(0.002, 0.02),
      handOn: some(0.02, 0.2),
      lostJob: some(0.01, 0.06),
      lateJob: some(0.05, 0.3),
      twice: some(0.05, 0.4),
      point: some(0.005, 0.04),
    };
    this.stageFails = some(0.01, 0.06);
    this.hintIsLost = random.pick([0, 0.1, 1]) ?? 0;
  }

  /** From here on all goes well. */
  clear(): void {
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  happens(what: 'handOn' | 'lostJob' | 'lateJob' | 'twice' | 'point'): boolean {
    return !this.#isOver && this.#random.chance(this.#odds[what]);
  }

  ofCall(): CallFault | null {
    if (this.#isOver) return null;
    const random = this.#random;
    const { die, pause, cut, late } = this.#odds;
    let left = random.next();
    const is = (odds: number): boolean => {
      left -= odds;
      return left < 0;
    };
    if (is(die)) return { kind: 'die-before' };
    if (is(die)) return { kind: 'die-after' };
    if (is(pause)) return { kind: 'pause-before', ms: this.#pauseMs() };
    if (is(pause)) return { kind: 'pause-after', ms: this.#pauseMs() };
    if (is(cut)) return { kind: 'cut-before' };
    if (is(cut)) return { kind: 'cut-after' };
    if (is(late))
      return { kind: 'late', ms: random.chance(0.5) ? random.between(50, 4_000) : random.between(5_100, 20_000) };
    return null;
  }

  /** Sometimes shorter than a lease, sometimes longer. */
  #pauseMs(): number {
    return this.#random.chance(0.4) ? this.#random.between(200, 12_000) : this.#random.between(15_000, 40_000);
  }
}
