import { connect } from 'node:net';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { freePorts } from '../tests/harness/system.ts';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { waitFor } from '../tests/harness/wait-for.ts';
import { type Contender, cpuSecondsOf, residentBytesOf, startPeers, startScript } from './router/contender.ts';
import { load } from './router/load.ts';
import { HOST, startSwitchyard } from './router/switchyard.ts';

/**
 * Requests per second of CPU that the router needs, beside a bare undici proxy and, where they are installed, HAProxy and Caddy. All take
 * turns in short rounds, so that whatever else the machine does hits all alike; the figure is the median of the rounds.
 */

const CONNECTIONS = 64;
const ROUND_MS = 2_000;
const ROUNDS = 3;
const SIZES = [100, 4_096, 1_048_576];
/** Below this share of the bare proxy, something was added to the path of every request. */
const REACH_OF_BARE = 0.7;

interface Figures {
  readonly perCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });

const cpuOf = async ({ pids }: Contender): Promise<number> =>
  (await Promise.all(pids.map((pid) => cpuSecondsOf(pid)))).reduce((sum, seconds) => sum + seconds, 0);

async function measure(contender: Contender, bytes: number, durationMs: number): Promise<Figures> {
  const before = await cpuOf(contender);
  const result = await load({ port: contender.port, host: HOST, bytes, connections: CONNECTIONS, durationMs });
  const cpu = (await cpuOf(contender)) - before;
  return { perCpuSecond: result.requests / cpu, p50Ms: result.p50Ms, p99Ms: result.p99Ms };
}

async function compare(contenders: readonly Contender[], bytes: number): Promise<Map<string, Figures>> {
  const rounds = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await measure(contender, bytes, ROUND_MS / 2);
  for (let round = 0; round < ROUNDS; round++)
    for (const contender of contenders) rounds.get(contender.name)?.push(await measure(contender, bytes, ROUND_MS));
  return new Map(
    [...rounds].map(([name, figures]) => [
      name,
      {
        perCpuSecond: median(figures.map(({ perCpuSecond }) => perCpuSecond)),
        p50Ms: median(figures.map(({ p50Ms }) => p50Ms)),
        p99Ms: median(figures.map(({ p99Ms }) => p99Ms)),
      },
    ]),
  );
}

const upstream = await startScript('upstream');
const started: Contender[] = [upstream];
try {
  const [ourPort = 0, ...peerPorts] = await freePorts(3);
  const bare = await startScript('bare-proxy', String(upstream.port));
  started.push(bare);
  const ours = await startSwitchyard(ourPort, upstream.port);
  started.push(ours);
  const peers = await startPeers(peerPorts, upstream.port);
  started.push(...peers);
  const contenders = [ours, bare, ...peers];
  for (const { name, port } of contenders) await waitFor(`${name} listens`, async () => await accepts(port), 30_000);
  // Its table takes a moment longer than its port.
  const oneVisit = { port: ourPort, host: HOST, bytes: 1, connections: 1, durationMs: 1 };
  const isInUse = async (): Promise<boolean> => await load(oneVisit).then(Boolean, () => false);
  await waitFor('the route is in use', isInUse, 30_000);

  const rows: object[] = [];
  for (const bytes of SIZES) {
    const figures = await compare(contenders, bytes);
    const mine = figures.get(ours.name)?.perCpuSecond ?? 0;
    for (const [name, { perCpuSecond, p50Ms, p99Ms }] of figures) {
      const ratio = mine / perCpuSecond;
      const reach = { [bare.name]: REACH_OF_BARE, caddy: 2, haproxy: 0.35 }[name] ?? null;
      rows.push({
        name: `${name}, ${bytes} bytes`,
        value: Math.round(perCpuSecond),
        unit: 'requests per CPU-second',
        against: name === ours.name ? null : ours.name,
        ...(name === ours.name ? {} : { ratio: Number(ratio.toFixed(2)) }),
        reach,
        holds: reach === null || bytes !== SIZES[0] ? null : ratio >= reach,
        p50Ms: Number(p50Ms.toFixed(2)),
        p99Ms: Number(p99Ms.toFixed(2)),
      });
    }
  }
  const [pid = 0] = ours.pids;
  rows.push({
    name: 'switchyard, memory after all that',
    value: Math.round((await residentBytesOf(pid)) / 1024 ** 2),
    unit: 'MiB',
    against: null,
    reach: null,
    holds: null,
  });
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else console.table(rows);
} finally {
  for (const contender of started.toReversed()) await contender.stop();
}
