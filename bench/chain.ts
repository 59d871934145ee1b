import { hops } from './chain/hops.ts';
import { slots } from './chain/slots.ts';
import { throughput } from './chain/throughput.ts';

/**
 * What the chain costs beside the work: round trips and time of a hop, chains of nine no-op stages beside BullMQ's bare add-next, and how
 * well mixed stages fill the slots of eight workers. Real worker, real scripts, a Redis at `appendfsync always`; the stages pretend.
 *
 * `--only=hops|throughput|slots`, `--rounds=N` (5), `--json`.
 */

const option = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const rounds = Number(option('rounds') ?? 5);
const parts = {
  hops: () => hops(),
  throughput: () => throughput(rounds),
  slots: () => slots(),
};

const rows: object[] = [];
for (const [name, measure] of Object.entries(parts))
  if ((option('only') ?? name) === name) rows.push(...(await measure()));
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
else console.table(rows);
