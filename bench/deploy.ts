import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { createRepository } from '../tests/harness/repository.ts';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { type System, startSystem } from '../tests/harness/system.ts';
import { APPS, filesOf, type MeasuredApp } from './deploy/apps.ts';
import { ByHand, timed } from './deploy/by-hand.ts';

/**
 * From the first byte of the POST until visitors have the new version, beside the same commands run by hand in a clone that is kept.
 * Both take turns, with package downloads that are kept, and share nothing else; the figure is the median of the rounds' pairs.
 *
 * `--rounds=N` (5), `--app=NAME`, `--stages` (where the time goes, by stage), `--json`.
 */

const option = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const ROUNDS = Number(option('rounds') ?? 5);

type DeploymentView = Awaited<ReturnType<System['client']['deployment']>>;

interface Bound {
  readonly overMs: number;
  /** Of what the commands take; null: the milliseconds alone. */
  readonly overShare: number | null;
}
const KINDS = {
  cold: { overMs: 700, overShare: 0.05 },
  'code change': { overMs: 400, overShare: null },
  'same commit': { overMs: 250, overShare: null },
  rollback: { overMs: 250, overShare: null },
} as const satisfies Record<string, Bound>;
type Kind = keyof typeof KINDS;

interface Pair {
  readonly oursMs: number;
  readonly byHandMs: number;
  readonly stages: Readonly<Record<string, number>>;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * The Node that a deployment chose, first on a PATH. By hand the same one: Express with Drizzle and libSQL takes 2.7 times as long to start on
 * Node 24.21 as on Node 20.20, which says nothing about either side.
 */
async function pathOfItsNode(dataDirectory: string): Promise<string> {
  const toolchains = join(dataDirectory, 'toolchains');
  const nodes = (await readdir(toolchains)).filter((name) => name.startsWith('node-'));
  if (nodes.length > 1) throw new Error(`the apps measured use several versions of Node: ${nodes.join(', ')}`);
  return [...nodes.map((name) => join(toolchains, name, 'node_modules', '.bin')), process.env['PATH']].join(':');
}

/** What npm is told on this machine, for commands that have a HOME of their own. */
async function registry(): Promise<string> {
  return (await promisify(execFile)('npm', ['config', 'get', 'registry'])).stdout.trim();
}

async function untilLive(system: System, accept: () => Promise<DeploymentView>) {
  let id = '';
  const oursMs = await timed(async () => {
    ({ id } = await accept());
    for await (const event of system.client.events(id)) {
      if (event.type === 'deployment.live') return;
      if (event.type === 'deployment.decided' && event.data.outcome !== 'succeeded')
        throw new Error(`the deployment ${event.data.outcome}: ${JSON.stringify(event.data.diagnosis)}`);
    }
    throw new Error('the deployment ended and was not live');
  });
  const ended = await system.waitUntilEnded(id);
  return { oursMs, stages: stageMs(ended) };
}

/** Run time by stage; before them what pins the commit, between them hand-overs, and whatever else had the processors. */
function stageMs({ stages, createdAt, liveAt }: DeploymentView): Record<string, number> {
  const ran = stages.flatMap(({ name, startedAt, endedAt }) =>
    startedAt === null || endedAt === null || name === 'cleanup' ? [] : [[name, endedAt - startedAt] as const],
  );
  const begun = Math.min(...stages.flatMap(({ startedAt }) => startedAt ?? []));
  const sum = ran.reduce((total, [, ms]) => total + ms, 0);
  return { pin: begun - createdAt, ...Object.fromEntries(ran), between: (liveAt ?? begun) - begun - sum };
}

async function measure(system: System, app: MeasuredApp, directory: string): Promise<Map<Kind, Pair[]>> {
  const repository = await createRepository(await filesOf(app));
  try {
    const env = { npm_config_registry: await registry() };
    await system.client.createApp({ name: app.name, repository: repository.url });
    await system.client.setVariables(app.name, { set: env, scope: 'build', sensitive: false });
    // Downloads that are kept, on both sides.
    await untilLive(system, () => system.client.deploy(app.name, {}));
    const PATH = await pathOfItsNode(system.dataDirectory);
    const ca = process.env['SWITCHYARD_EXTRA_CA_CERTS'] ?? process.env['NODE_EXTRA_CA_CERTS'];
    const byHand = new ByHand(join(directory, app.name), repository.directory, app.commands, {
      ...env,
      PATH,
      ...(ca && { NODE_EXTRA_CA_CERTS: ca }),
    });
    try {
      await byHand.cold();
      return await rounds(system, app, repository, byHand);
    } finally {
      await byHand.stop();
    }
  } finally {
    await repository.remove();
  }
}

async function rounds(
  system: System,
  app: MeasuredApp,
  repository: Awaited<ReturnType<typeof createRepository>>,
  byHand: ByHand,
): Promise<Map<Kind, Pair[]>> {
  const pairs = new Map<Kind, Pair[]>();
  const add = async (kind: Kind, ours: () => Promise<DeploymentView>, theirs: () => Promise<number>) => {
    const byHandMs = await theirs();
    // An app that runs beside a measurement is part of neither.
    await byHand.stop();
    const pair = { ...(await untilLive(system, ours)), byHandMs };
    pairs.set(kind, [...(pairs.get(kind) ?? []), pair]);
  };
  const deploy = (reuse: 'all' | 'none') => () => system.client.deploy(app.name, { reuse });
  const startAgain = () => byHand.startAgain();
  for (let round = 1; round <= ROUNDS; round++) {
    await repository.commit(app.change(round * 2));
    await add('cold', deploy('none'), () => byHand.cold());
    await repository.commit(app.change(round * 2 + 1));
    await add('code change', deploy('all'), () => byHand.codeChange());
    await add('same commit', deploy('all'), startAgain);
    await add('rollback', () => system.client.rollback(app.name), startAgain);
  }
  return pairs;
}

function rowsOf(app: MeasuredApp, pairs: ReadonlyMap<Kind, readonly Pair[]>): object[] {
  return [...pairs].map(([kind, ofKind]) => {
    const value = median(ofKind.map(({ oursMs }) => oursMs));
    const byHandMs = median(ofKind.map((pair) => pair.byHandMs));
    const over = median(ofKind.map((pair) => pair.oursMs - pair.byHandMs));
    const { overMs, overShare } = KINDS[kind];
    const reach = Math.min(overMs, overShare === null ? overMs : overShare * byHandMs);
    return {
      name: `${app.name}, ${kind}`,
      value: Math.round(value),
      unit: 'ms',
      against: 'by hand',
      byHandMs: Math.round(byHandMs),
      ratio: Number((value / byHandMs).toFixed(2)),
      overMs: Math.round(over),
      /** The most that may be over. */
      reach: Math.round(reach),
      holds: over <= reach,
    };
  });
}

function stageRowsOf(app: MeasuredApp, pairs: ReadonlyMap<Kind, readonly Pair[]>): object[] {
  return [...pairs].map(([kind, ofKind]) => {
    const names = [...new Set(ofKind.flatMap(({ stages }) => Object.keys(stages)))];
    return {
      name: `${app.name}, ${kind}`,
      ...Object.fromEntries(names.map((name) => [name, median(ofKind.map(({ stages }) => stages[name] ?? 0))])),
    };
  });
}

const directory = await mkdtemp(join(tmpdir(), 'bench-deploy-'));
let system: System | null = null;
try {
  system = await startSystem({ env: { SWITCHYARD_LOG_LEVEL: 'info' } });
  const rows: object[] = [];
  const stageRows: object[] = [];
  for (const app of APPS.filter(({ name }) => (option('app') ?? name) === name)) {
    const pairs = await measure(system, app, directory);
    rows.push(...rowsOf(app, pairs));
    stageRows.push(...stageRowsOf(app, pairs));
  }
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    console.table(rows);
    if (process.argv.includes('--stages')) console.table(stageRows);
  }
} finally {
  await system?.stop();
  await rm(directory, { recursive: true, force: true });
}
