import { StageStop } from '../stage-stop.ts';
import { insist } from '../waiting.ts';
import type { StageContext } from './stage.ts';

/**
 * Asks Redis whether the lease is still this worker's, and extends it; throws `lost` when it is not. To be asked before taking away what
 * no token guards: a worker that was frozen does not know how long, and its successor uses the same instances and one-offs.
 */
export async function assertStillOurs({ records, lease, leave }: StageContext): Promise<void> {
  if ((await insist(leave, () => records.chain.beat(lease))) === 'lost') throw new StageStop('lost');
}
