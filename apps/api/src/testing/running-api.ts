import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@switchyard/client';
import { LIMITS } from '@switchyard/domain';
import {
  createLog,
  createMetrics,
  fileBlobs,
  type LogArchive,
  logArchive,
  outputArchive,
  type ProcessLife,
  secretBox,
  systemIds,
} from '@switchyard/service';
// @boundaries-ignore the walk through the chain is shared with the tests of the queue
import { ChainWalk } from '../../../../tests/harness/chain-walk.ts';
import { startApiServer } from '../api-server.ts';
import { addressLookup, txtLookup } from '../domains/dns-lookups.ts';
import { verificationFiles } from '../domains/verification-file.ts';

/** A real api over the run's Redis and a directory of its own, whose deployments the test walks through the chain by hand. */
export interface RunningApi {
  readonly url: string;
  readonly token: string;
  readonly client: Client;
  readonly walk: ChainWalk;
  readonly archive: LogArchive;
  /** Holds `dashboard/`. */
  readonly directory: string;
  /** A request with the token; `init` wins. */
  ask(path: string, init?: Init): Promise<Response>;
  /** The same with a JSON body. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Stops the server alone. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

type Init = Omit<RequestInit, 'headers'> & { headers?: Readonly<Record<string, string>> };

export interface ApiOptions {
  readonly redisUrl: string;
  readonly now?: () => number;
  readonly allowFileRepositories?: boolean;
  readonly publicUrl?: string;
  readonly dnsServers?: readonly string[];
  readonly life?: Pick<ProcessLife, 'state'>;
}

export async function startApi({ redisUrl, now = Date.now, ...options }: ApiOptions): Promise<RunningApi> {
  const walk = await ChainWalk.open(redisUrl);
  const directory = await mkdtemp(join(tmpdir(), 'api-'));
  await mkdir(join(directory, 'dashboard'));
  const token = randomBytes(32).toString('hex');
  const blobs = fileBlobs(join(directory, 'blobs'));
  const archive = logArchive(blobs);
  const server = await startApiServer({
    store: walk.store,
    archive,
    outputArchive: outputArchive(blobs),
    lookUpTxt: txtLookup(options.dnsServers ?? []),
    fetchVerificationFile: verificationFiles({
      lookUpAddresses: addressLookup(options.dnsServers ?? []),
      allowPrivate: [],
      port: 80,
    }),
    blobs,
    secretBox: secretBox(randomBytes(32)),
    farmId: (await walk.store.farm.ensure(null)).id,
    clock: now,
    ids: systemIds,
    log: createLog({ process: 'api', level: 'silent' }),
    metrics: createMetrics({ process: 'api' }),
    adminToken: token,
    secretKey: randomBytes(32),
    life: options.life ?? { state: 'working' },
    host: '127.0.0.1',
    port: 0,
    settings: {
      publicUrl: options.publicUrl ?? null,
      appsDomain: 'localhost',
      routerPort: 7_080,
      verificationPort: 80,
      allowFileRepositories: options.allowFileRepositories ?? false,
      dashboardDirectory: join(directory, 'dashboard'),
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  const ask = (path: string, init: Init = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  return {
    url,
    token,
    client: createClient({ baseUrl: url, token }),
    walk,
    archive,
    directory,
    ask,
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    stop: () => server.close(LIMITS.drainDeadlineMs.api),
    async close() {
      await server.close(0);
      await walk.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
