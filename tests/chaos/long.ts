import { openChaosFarm } from './chaos-farm.ts';
import { goodShare, type StormOptions, type StormResult, storm } from './storm.ts';
import { measureTakeovers, quantile, type Takeovers } from './takeovers.ts';

/**
 * The long form of this directory's tests: `npm run chaos [-- --seed N] [--pushes N] [--only NAME]`. Prints the table that stands in
 * docs/reliability.md; exits with 1 where something does not hold.
 */
const SHARE = 0.98;
const TAKEOVER_MS = { killed: 20_000, stopped: 2_000 } as const;

interface Row {
  readonly what: string;
  readonly seen: string;
  readonly holds: boolean;
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ') || 'none';

const say = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

function rowsOfStorm(options: StormOptions, result: StormResult): Row[] {
  const { strikes, seconds, good, bad, lostAttempts, failedGood } = result;
  const wrong = [
    ...result.misjudged,
    ...result.twice,
    ...result.unmigrated,
    ...result.backwards,
    ...result.visitFailures,
    ...result.leftovers,
  ];
  for (const line of [...failedGood, ...wrong, ...result.holds]) say(`  ${line}`);
  const none = (lines: readonly string[]): string => (lines.length === 0 ? 'none' : `**${lines.length}**`);
  return [
    {
      what: `${options.strike}, about every ${options.everyMs / 1_000} s, ${options.workers} workers`,
      seen: `struck: ${counts(strikes)} in ${seconds} s; attempts lost: ${lostAttempts}`,
      holds: true,
    },
    {
      what: `– ≥ ${SHARE * 100} % of good deployments succeed or are superseded`,
      seen: `${(goodShare(result) * 100).toFixed(1)} % (${counts(good)})`,
      holds: goodShare(result) >= SHARE,
    },
    { what: '– bad ones fail as their user’s fault', seen: counts(bad), holds: result.misjudged.length === 0 },
    {
      what: '– migrations or starts done twice; live without its migration',
      seen: `${none(result.twice)}; ${none(result.unmigrated)}`,
      holds: result.twice.length + result.unmigrated.length === 0,
    },
    {
      what: '– apps whose served version went back',
      seen: none(result.backwards),
      holds: result.backwards.length === 0,
    },
    {
      what: '– visits of live apps that failed',
      seen: none(result.visitFailures),
      holds: result.visitFailures.length === 0,
    },
    { what: '– holds, each released once', seen: String(result.holds.length), holds: true },
    {
      what: '– left over: processes, mounts, workspaces, ports, keys',
      seen: none(result.leftovers),
      holds: result.leftovers.length === 0,
    },
  ];
}

function rowsOfTakeovers(takeovers: Takeovers): Row[] {
  return (['killed', 'stopped'] as const).map((how) => {
    const times = takeovers[how];
    const p99 = quantile(times, 0.99);
    return {
      what: `takeover after ${how === 'killed' ? '`kill -9` of the worker that leads the sweep, p99 ≤ 20 s' : 'SIGTERM, p99 ≤ 2 s'}`,
      seen: `p50 ${(quantile(times, 0.5) / 1_000).toFixed(1)} s, p99 ${(p99 / 1_000).toFixed(1)} s, n = ${times.length}`,
      holds: p99 <= TAKEOVER_MS[how],
    };
  });
}

async function oneStorm(options: StormOptions, apps: number): Promise<Row[]> {
  say(`${options.strike}: ${options.pushes} pushes, seed ${options.seed}`);
  const farm = await openChaosFarm({ apps });
  try {
    return rowsOfStorm(options, await storm(farm, options));
  } finally {
    await farm.close();
  }
}

const seed = Number(argument('seed') ?? 1);
const pushes = Number(argument('pushes') ?? 100);
const only = argument('only');
const base = { workers: 3, jobs: true } as const;
const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  workers: () => oneStorm({ ...base, seed, strike: 'kill a worker', pushes, everyMs: 1_000 }, 6),
  others: () =>
    oneStorm({ ...base, seed, strike: 'kill Redis, api or runner', pushes: Math.ceil(pushes / 3), everyMs: 4_000 }, 6),
  pauses: () =>
    oneStorm(
      { ...base, seed, strike: 'stop a worker past its lease', pushes: Math.ceil(pushes / 4), everyMs: 1_000 },
      6,
    ),
  takeovers: async () =>
    rowsOfTakeovers(await measureTakeovers({ seed, rounds: Math.max(1, Math.ceil(pushes / 12)), say })),
};
const rows: Row[] = [];
for (const [name, part] of Object.entries(parts)) if (only === undefined || only === name) rows.push(...(await part()));
const table = [
  `Seed ${seed}, ${pushes} pushes.`,
  '',
  '| what | seen | holds |',
  '| --- | --- | --- |',
  ...rows.map(({ what, seen, holds }) => `| ${what} | ${seen} | ${holds ? 'yes' : '**no**'} |`),
];
console.log(table.join('\n'));
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
