import { afterAll, beforeAll, describe, test } from 'vitest';
import { endingGuarantees } from './ending-guarantees.ts';
import { instanceGuarantees } from './instance-guarantees.ts';
import { limitGuarantees } from './limit-guarantees.ts';
import { oneOffGuarantees } from './one-off-guarantees.ts';
import { runGuarantees } from './run-guarantees.ts';
import { snapshotGuarantees } from './snapshot-guarantees.ts';
import { stopGuarantees } from './stop-guarantees.ts';
import type { Subject } from './subject.ts';

/** A guarantee's name, and the test that tries to break it. */
export type Guarantees = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

const GROUPS = {
  snapshots: snapshotGuarantees,
  runs: runGuarantees,
  endings: endingGuarantees,
  instances: instanceGuarantees,
  stopping: stopGuarantees,
  'one-offs': oneOffGuarantees,
  limits: limitGuarantees,
} satisfies Record<string, Guarantees>;

/**
 * The contract of `Platform` as tests: each implementation runs all of them. One that can't keep a guarantee names it in `skip` and says
 * why. Commands are plain POSIX sh and Node, so that they run in a container as well.
 */
export function platformConformance(
  name: string,
  open: () => Promise<Subject>,
  { skip = {}, timeoutMs = 30_000 }: { skip?: Readonly<Record<string, string>>; timeoutMs?: number } = {},
): void {
  const known = new Set(Object.values(GROUPS).flatMap((group) => Object.keys(group)));
  for (const guarantee of Object.keys(skip)) {
    if (!known.has(guarantee)) throw new Error(`${name} skips “${guarantee}”, which is no guarantee`);
  }
  describe(`${name} keeps the platform's contract`, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await open();
    }, 120_000);
    afterAll(async () => {
      await subject.close();
    }, 60_000);
    for (const [group, guarantees] of Object.entries<Guarantees>(GROUPS)) {
      describe(group, () => {
        for (const [guarantee, check] of Object.entries(guarantees)) {
          const reason = skip[guarantee];
          if (reason !== undefined) test.skip(`${guarantee} (skipped: ${reason})`, () => {});
          else test(guarantee, { timeout: timeoutMs }, async () => await check(subject));
        }
      });
    }
  });
}
