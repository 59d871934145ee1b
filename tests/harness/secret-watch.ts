import { connect } from 'node:net';
import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { z } from 'zod';
import { type Canary, filesWithTrace, listenToRedis, traceFinder, watchCommandLines } from './canary.ts';
import type { RedisServer } from './redis.ts';
import type { System } from './system.ts';
import { waitFor } from './wait-for.ts';

/** Looks for secrets in all that a system keeps, sends and shows. */
export interface SecretWatch {
  /** What is looked for, from now on and in all that was heard before. */
  look<Found extends Canary>(canary: Found): Found;
  /** What somebody was answered. */
  heard(answer: unknown): void;
  /** Deploys and waits for the end: hears all that is told of it meanwhile, and looks at every process's command line. */
  deploy(app: string, request?: { ref?: string }): Promise<DeploymentView>;
  /** The same with a deployment that something else asks for. */
  follow(ask: () => Promise<string>): Promise<DeploymentView>;
  /** How often the command lines of all processes were read during deployments. */
  readonly commandLineLooks: number;
  /** Where a secret was or is, but for the raw output of instances. */
  places(): Promise<string[]>;
  /** Files with the raw output of instances and migrations that hold a secret. */
  rawOutputs(): Promise<string[]>;
  stop(): void;
}

/** What an instance itself prints lies beside it for as long as it is there, for its runner to read on (docs/variables.md). */
const RAW_OUTPUT = /\/instances\/[^/]+\/output$/;

const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

export function watchSecrets(system: System): SecretWatch {
  const canaries: Canary[] = [];
  const answers: string[] = [];
  const commandLines = new Set<string>();
  let commandLineLooks = 0;
  const redis = listenToRedis(system.redis);

  async function follow(ask: () => Promise<string>): Promise<DeploymentView> {
    const watch = watchCommandLines(canaries);
    try {
      const id = await ask();
      for await (const event of system.client.events(id)) answers.push(JSON.stringify(event));
      answers.push(await system.logsOf(id));
      const deployment = await system.waitUntilEnded(id);
      answers.push(JSON.stringify(deployment));
      return deployment;
    } finally {
      const { looks, found } = await watch.stop();
      commandLineLooks += looks;
      for (const line of found) commandLines.add(line);
    }
  }

  async function places(): Promise<string[]> {
    const messages = redis.heard();
    if (messages.length === 0) throw new Error('nothing of Redis was heard');
    const looked: Record<string, string | Buffer> = {
      ...Object.fromEntries(answers.map((answer, index) => [`answer ${index}`, answer])),
      ...(await everyAnswer(system)),
      ...(await metricsOf(system)),
      'messages of Redis': messages,
      'keys of Redis': await everyKey(system.redis),
      'what the processes print': await system.processLogs(),
    };
    return [
      ...Object.entries(looked).flatMap(([place, content]) => {
        const trace = traceFinder(canaries)(content);
        return trace === null ? [] : [`${place}: …${trace}…`];
      }),
      ...[...commandLines].map((line) => `command line: ${line}`),
      ...(await filesWithTrace(system.redis.directory, canaries)),
      ...(await filesWithTrace(system.dataDirectory, canaries)).filter((path) => !RAW_OUTPUT.test(path)),
    ];
  }

  return {
    get commandLineLooks() {
      return commandLineLooks;
    },
    look(canary) {
      if (canary.traces.length === 0) throw new Error('a secret without a trace is found nowhere');
      canaries.push(canary);
      return canary;
    },
    heard: (answer) => void answers.push(typeof answer === 'string' ? answer : JSON.stringify(answer)),
    follow,
    deploy: (app, request = {}) => follow(async () => (await system.client.deploy(app, request)).id),
    places,
    rawOutputs: async () =>
      (await filesWithTrace(join(system.dataDirectory, 'instances'), canaries)).filter((path) => RAW_OUTPUT.test(path)),
    stop: () => redis.stop(),
  };
}

/** Whatever `GET` answers, by the api's own list of its paths, for every app and deployment. */
async function everyAnswer({ apiUrl, token, client }: System): Promise<Record<string, string>> {
  const get = async (path: string, accept = '*/*'): Promise<string> => {
    const response = await fetch(`${apiUrl}${path}`, { headers: { authorization: `Bearer ${token}`, accept } });
    return JSON.stringify([...response.headers]) + (await response.text());
  };
  const response = await fetch(`${apiUrl}/openapi.json`, { headers: { authorization: `Bearer ${token}` } });
  const document: unknown = await response.json();
  const asked = Object.entries(Document.parse(document).paths).flatMap(([path, methods]) =>
    'get' in methods ? [path] : [],
  );
  const paths = new Set<string>();
  for (const { name } of await client.listApps()) {
    const { deployments } = await client.deployments(name);
    const variables = await client.variables(name);
    for (const path of asked) {
      for (const { id } of deployments) {
        const ofDeployment = path.replace('{app}', name).replace('{id}', id);
        if (ofDeployment.includes('{name}'))
          for (const variable of variables) paths.add(ofDeployment.replace('{name}', variable.name));
        else paths.add(ofDeployment);
      }
    }
  }
  const answers: Record<string, string> = {};
  for (const path of paths) {
    if (path.includes('{')) throw new Error(`what is asked for in ${path}?`);
    answers[`GET ${path}`] = await get(path);
    if (path.endsWith('/logs')) answers[`GET ${path} as events`] = await get(path, 'application/x-ndjson');
  }
  return answers;
}

/** Each process says in its log where it serves its metrics. */
async function metricsOf(system: System): Promise<Record<string, string>> {
  const said = [...(await system.processLogs()).matchAll(/"pid":(\d+),.*"metrics":"([^"]+)"/g)];
  const addresses = new Map(said.map(([, pid, address = '']) => [Number(pid), address]));
  const answers: Record<string, string> = {};
  for (const { name, pid } of (['api', 'worker', 'runner', 'router'] as const).flatMap((kind) =>
    system.running(kind),
  )) {
    const response = await fetch(`http://${addresses.get(pid)}/metrics`);
    answers[`metrics of ${name} ${pid}`] = await response.text();
  }
  return answers;
}

const EVERY_KEY = `
local read = {
  string = { 'GET' }, hash = { 'HGETALL' }, list = { 'LRANGE', 0, -1 }, set = { 'SMEMBERS' },
  zset = { 'ZRANGE', 0, -1, 'WITHSCORES' }, stream = { 'XRANGE', '-', '+' },
}
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local command = read[redis.call('TYPE', key).ok]
  table.insert(all, { key, redis.call(command[1], key, unpack(command, 2)) })
end
return all
`;
const LAST = 'that-was-all';
const DUMP_TIMEOUT_MS = 20_000;

/** All keys with what they hold, as they are: neither files nor dumps, which are compressed. */
async function everyKey({ port, password }: RedisServer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('data', (piece) => pieces.push(piece));
  const script = `*3\r\n$4\r\nEVAL\r\n$${Buffer.byteLength(EVERY_KEY)}\r\n${EVERY_KEY}\r\n$1\r\n0\r\n`;
  socket.write(`AUTH ${password}\r\n${script}ECHO ${LAST}\r\n`);
  try {
    await waitFor('Redis has told all keys', async () => Buffer.concat(pieces).includes(LAST), DUMP_TIMEOUT_MS);
  } finally {
    socket.destroy();
  }
  const all = Buffer.concat(pieces);
  if (/^-\w+/m.test(all.subarray(0, 200).toString('latin1'))) throw new Error(all.subarray(0, 200).toString());
  return all;
}
