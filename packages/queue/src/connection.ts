import { SwitchyardError } from '@switchyard/domain';
import { Redis } from 'ioredis';
import { ZodError } from 'zod';

/** A command that Redis does not answer within this time rejects: nothing hangs on a Redis that is gone. */
const COMMAND_TIMEOUT_MS = 5_000;
const FIRST_CONNECT_TIMEOUT_MS = 10_000;
/** For one that can do without Redis: a Redis that is there has long answered by then. */
export const SHORT_CONNECT_TIMEOUT_MS = 1_000;

const retryStrategy = (attempt: number): number => Math.min(1_000, 50 * 2 ** Math.min(attempt, 5));

/** For commands: rejects at once while Redis is gone, and reconnects for ever in the background. */
export function commandConnection(url: string, name: string): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy,
  });
  // Every failed attempt to connect is an `error` event; callers see theirs as rejected commands.
  redis.on('error', () => undefined);
  return redis;
}

/** For BullMQ's workers, which block on Redis and wait for it to come back. */
export function blockingConnection(url: string, name: string): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    maxRetriesPerRequest: null,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy,
  });
  redis.on('error', () => undefined);
  return redis;
}

/** For subscriptions, which `Subscriptions` renews itself: commands given while Redis is gone are kept until it is back. */
export function subscriberConnection(url: string, name: string): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    autoResubscribe: false,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy,
  });
  redis.on('error', () => undefined);
  return redis;
}

/** Waits for the first connection; rejects with `redis-unavailable` when it does not come. */
export async function waitForConnection(
  redis: Redis,
  describe: string,
  timeoutMs: number = FIRST_CONNECT_TIMEOUT_MS,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  redis.connect().catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    const settle = (error: SwitchyardError | null): void => {
      redis.off('ready', onReady);
      redis.off('error', onError);
      signal.removeEventListener('abort', onAbort);
      if (error === null) resolve();
      else reject(error);
    };
    const onReady = (): void => settle(null);
    // Any other failure to connect may pass.
    const onError = (error: unknown): void => {
      if (isAccessDenied(error)) settle(accessDenied(describe, error));
    };
    const onAbort = (): void =>
      settle(
        new SwitchyardError(
          'redis-unavailable',
          `Redis at ${describe} does not answer. Start it, or correct REDIS_URL.`,
        ),
      );
    if (redis.status === 'ready') resolve();
    else {
      redis.once('ready', onReady);
      redis.on('error', onError);
      signal.addEventListener('abort', onAbort, { once: true });
    }
  });
}

const ACCESS_DENIED = /^(?:WRONGPASS|NOAUTH|NOPERM)\b|invalid (?:username-)?password|without any password configured/i;

function isAccessDenied(error: unknown): boolean {
  return error instanceof Error && ACCESS_DENIED.test(error.message);
}

function accessDenied(describe: string, error: unknown): SwitchyardError {
  return new SwitchyardError(
    'redis-unusable',
    `Redis at ${describe} refuses the user name or password of REDIS_URL. Correct it: redis://:PASSWORD@HOST:PORT.`,
    {},
    error,
  );
}

/** The address without its password. */
export function describeUrl(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '6379' : port}`;
}

const MINIMUM_VERSION = [6, 2] as const;

function versionIsEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM_VERSION[0] || (major === MINIMUM_VERSION[0] && minor >= MINIMUM_VERSION[1]);
}

function infoField(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)\r?$`, 'm').exec(info)?.[1]?.trim() ?? '';
}

/** What must be changed at this Redis before it can hold the truth; empty when it can. */
export function redisComplaints(facts: {
  version: string;
  aofEnabled: string;
  appendfsync: string | null;
  evictionPolicy: string;
}): string[] {
  const complaints: string[] = [];
  if (!versionIsEnough(facts.version)) complaints.push(`it is version ${facts.version}; Switchyard needs 6.2 or later`);
  if (facts.aofEnabled !== '1') complaints.push('it keeps no append-only file; set `appendonly yes`');
  // null: CONFIG is renamed or forbidden, as hosted services do; then the operator answers for it.
  if (facts.appendfsync !== null && facts.appendfsync !== 'always')
    complaints.push(`appendfsync is ${facts.appendfsync}; set \`appendfsync always\``);
  if (facts.evictionPolicy !== '' && facts.evictionPolicy !== 'noeviction')
    complaints.push(`maxmemory-policy is ${facts.evictionPolicy}; set \`maxmemory-policy noeviction\``);
  return complaints;
}

/** Rejects with `redis-unusable` when acknowledged writes could be lost or keys evicted. */
export async function checkRedis(redis: Redis, describe: string): Promise<void> {
  const info = await redis.info().catch((error: unknown) => {
    throw isAccessDenied(error) ? accessDenied(describe, error) : error;
  });
  const appendfsync = await redis.config('GET', 'appendfsync').then(
    (answer) => (Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : null),
    () => null,
  );
  const complaints = redisComplaints({
    version: infoField(info, 'redis_version'),
    aofEnabled: infoField(info, 'aof_enabled'),
    appendfsync,
    evictionPolicy: infoField(info, 'maxmemory_policy'),
  });
  if (complaints.length > 0)
    throw new SwitchyardError('redis-unusable', `Redis at ${describe} can't be used: ${complaints.join('; ')}.`);
}

// What ioredis and Redis say when Redis is gone, starting or going.
const UNAVAILABLE =
  /Connection is closed|Stream isn't writeable|Command timed out|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|max retries|^LOADING|^MASTERDOWN|^READONLY|Connection in subscriber mode|connect ETIMEDOUT/i;

/** Every record says in `v` which shape it has; versions only count up. */
function isOfAnotherVersion({ issues }: ZodError): boolean {
  return issues.some(({ code, path }) => code === 'invalid_value' && path.at(-1) === 'v');
}

export function toStoreError(error: unknown): unknown {
  if (error instanceof SwitchyardError) return error;
  if (error instanceof ZodError)
    return new SwitchyardError(
      'record-unreadable',
      isOfAnotherVersion(error)
        ? `This version of Switchyard can't read a record in Redis: a newer version of Switchyard wrote it. It stays as it is; run that version again. ${error.message}`
        : `A record in Redis is not of the expected shape: ${error.message}`,
      {},
      error,
    );
  if (error instanceof Error && UNAVAILABLE.test(`${error.message} ${error.name}`)) {
    return new SwitchyardError('redis-unavailable', 'Redis does not answer right now.', {}, error);
  }
  return error;
}

/** The same object whose asynchronous methods reject with errors of the catalogue. */
export function guarded<Group extends object>(group: Group): Group {
  return new Proxy(group, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, args);
        if (!(answer instanceof Promise)) return answer;
        return answer.catch((error: unknown) => {
          throw toStoreError(error);
        });
      };
    },
  });
}
