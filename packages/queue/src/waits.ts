import { DeploymentId, Hold, type WaitFacts, Waiting } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';

/** Times and numbers of a hash are text there, and '' where there are none. */
const known = z
  .string()
  .transform((text) => (text === '' ? null : Number(text)))
  .pipe(z.number().nullable());
const deployment = z.union([z.literal('').transform(() => null), DeploymentId]);
const hold = z
  .string()
  .transform((text): unknown => (text === '' ? null : JSON.parse(text)))
  .pipe(Hold.nullable());
const count = z.number();
const durations = z.array(count);

const SHAPES = {
  '': z.tuple([z.literal('')]).transform(() => null),
  slot: z
    .tuple([
      z.literal('slot'),
      known,
      z.tuple([count, count, count, count, count, count]),
      z.tuple([count, count, count, count]),
      z.array(count),
      durations,
      durations,
    ])
    .transform(
      ([reason, since, use, row, others, ofApp, ofFarm]): WaitFacts => ({
        reason,
        since,
        use: {
          farm: { taken: use[0], limit: use[1] },
          team: { taken: use[2], limit: use[3] },
          app: { taken: use[4], limit: use[5] },
        },
        inApp: { ahead: row[0], of: row[1] },
        inTeam: { ahead: row[2], of: row[3] },
        otherTeams: others.flatMap((waiting, index) =>
          index % 2 === 0 ? [{ waiting, isFirst: others[index + 1] === 1 }] : [],
        ),
        durationsMs: { app: ofApp, farm: ofFarm },
      }),
    ),
  gate: z.tuple([z.literal('gate'), known, deployment, known, known, durations]).transform(
    ([reason, since, holder, number, entered, durationsMs]): WaitFacts => ({
      reason,
      since,
      holder: holder === null || number === null ? null : { deploymentId: holder, number, since: entered },
      durationsMs,
    }),
  ),
  hold: z
    .tuple([z.literal('hold'), known, hold])
    .transform(([reason, since, held]): WaitFacts => ({ reason, since, hold: held })),
  retry: z
    .tuple([z.literal('retry'), known, z.coerce.number()])
    .transform(([reason, since, at]): WaitFacts => ({ reason, since, at })),
  result: z.tuple([z.literal('result'), known, deployment, known]).transform(
    ([reason, since, maker, number]): WaitFacts => ({
      reason,
      since,
      maker: maker === null || number === null ? null : { deploymentId: maker, number },
    }),
  ),
  database: z
    .tuple([z.literal('database'), known, z.enum(['line', 'hold', '']), deployment, known, z.tuple([count, count])])
    .transform(
      ([reason, since, obstacle, other, number, [ahead, of]]): WaitFacts => ({
        reason,
        since,
        isHeld: obstacle === 'hold',
        inLine: { ahead, of },
        other: other === null || number === null ? null : { deploymentId: other, number },
      }),
    ),
} as const;

/** What is known of why a deployment waits; null for one that does not. */
export async function waitFacts({ run, clock }: StoreContext, id: DeploymentId): Promise<WaitFacts | null> {
  const answer = await run('wait', clock(), id);
  const [reason] = z.tuple([Waiting.or(z.literal(''))], z.unknown()).parse(answer);
  return SHAPES[reason].parse(answer);
}
