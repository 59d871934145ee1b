import { lookup } from 'node:dns/promises';
import { request } from 'node:http';
import { connect as connectTo, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { SwitchyardError } from '@switchyard/domain';
import { isPrivateAddress } from './private-address.ts';
import { type Proxy, type ProxyVariables, proxyFor } from './proxy-settings.ts';

/** Which hosts with private addresses may be reached: all, or those that are named. */
export type PrivateHosts = 'all' | readonly string[];

export interface EgressOptions {
  readonly allowPrivate: PrivateHosts;
  /** `HTTPS_PROXY` and its siblings. */
  readonly proxies: ProxyVariables;
  /** How long a connection may take, the answer of a proxy included. */
  readonly connectTimeoutMs?: number;
  /** Addresses of a name; this machine's resolver where it is not given. Rejects with `source-unreachable` where there are none. */
  readonly lookUp?: (host: string) => Promise<string[]>;
  /** Whether an address is to be treated as a private one. */
  readonly isPrivate?: (address: string) => boolean;
}

export interface Destination {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The way out for what users name: a repository's host, where it redirects to, what LFS points to. Names are resolved here, their
 * addresses checked, and the connection made to the address that was checked, so that no second answer of a name server counts.
 */
export interface Egress {
  /** Addresses that may be connected to. Rejects with `source-address-refused` or `source-unreachable`. */
  resolve(host: string): Promise<string[]>;
  /** A connection, through the operator's proxy where one applies. Rejects as `resolve` does. */
  connect(to: Destination): Promise<Socket>;
  /** The proxy that plain http goes through. */
  httpProxy(host: string, port: number): Proxy | null;
}

const CONNECT_TIMEOUT_MS = 20_000;

const isNamed = (host: string, hosts: PrivateHosts): boolean => hosts === 'all' || hosts.includes(host.toLowerCase());

export function openEgress({
  allowPrivate,
  proxies,
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
  lookUp = addressesOf,
  isPrivate = isPrivateAddress,
}: EgressOptions): Egress {
  async function resolve(host: string): Promise<string[]> {
    const plain = host.replace(/^\[|\]$/g, '');
    const found = isIP(plain) > 0 ? [plain] : await lookUp(plain);
    const allowed = isNamed(plain, allowPrivate) ? found : found.filter((address) => !isPrivate(address));
    if (allowed.length === 0) {
      throw new SwitchyardError(
        'source-address-refused',
        `${plain} has a private address, and Switchyard goes to none unasked. If it is a Git host of yours, the operator allows it with SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES=${plain}.`,
        { host: plain },
      );
    }
    return allowed;
  }

  /** What this host's name server knows to be private is refused; what only the proxy can resolve is the proxy's to decide. */
  async function checkBeforeProxy(host: string): Promise<void> {
    await resolve(host).catch((error: unknown) => {
      if (!(error instanceof SwitchyardError) || error.code !== 'source-unreachable') throw error;
    });
  }

  return {
    resolve,
    httpProxy: (host, port) => proxyFor(proxies, { protocol: 'http:', host, port }),
    async connect(to) {
      const proxy = proxyFor(proxies, to);
      if (proxy !== null) {
        await checkBeforeProxy(to.host);
        return await throughProxy(proxy, to, connectTimeoutMs);
      }
      let last: unknown;
      for (const address of await resolve(to.host)) {
        to.signal?.throwIfAborted();
        try {
          return await open(() => connectTo({ host: address, port: to.port }), 'connect', connectTimeoutMs, to.signal);
        } catch (error) {
          last = error;
        }
      }
      throw unreachable(`${to.host}:${to.port}`, last);
    },
  };
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new SwitchyardError(
      'source-unreachable',
      `The name ${host} could not be resolved. Check the address, and this host's DNS.`,
      { host },
      error,
    );
  }
}

function unreachable(what: string, cause: unknown): SwitchyardError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SwitchyardError(
    'source-unreachable',
    `${what} could not be connected to: ${reason}. Check the address, and that this host reaches it.`,
    {},
    cause,
  );
}

function open(
  make: () => Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs = CONNECT_TIMEOUT_MS,
  signal?: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = make();
    const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
    const abort = (): void => void socket.destroy(new Error('it was given up'));
    signal?.addEventListener('abort', abort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    socket.once(event, () => {
      settle();
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', (error) => {
      settle();
      reject(error);
    });
  });
}

/** A connection to the proxy itself, which the operator has chosen: it may be anywhere. */
export async function connectToProxy({ url }: Proxy): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  try {
    return url.protocol === 'https:'
      ? await open(
          () => connectSecurely({ host, port, ...(isIP(host) > 0 ? {} : { servername: host }) }),
          'secureConnect',
        )
      : await open(() => connectTo({ host, port }), 'connect');
  } catch (error) {
    throw unreachable(`The proxy ${url.host}`, error);
  }
}

async function throughProxy(proxy: Proxy, to: { host: string; port: number }, timeoutMs: number): Promise<Socket> {
  const socket = await connectToProxy(proxy);
  return await new Promise((resolve, reject) => {
    const target = `${to.host}:${to.port}`;
    const asking = request({
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...proxy.headers },
      createConnection: () => socket,
    });
    const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
    asking.once('close', () => clearTimeout(timer));
    asking.once('connect', (response, tunnel) => {
      clearTimeout(timer);
      if (response.statusCode === 200) resolve(socket);
      else {
        tunnel.destroy();
        reject(unreachable(target, new Error(`the proxy ${proxy.url.host} answered ${response.statusCode}`)));
      }
    });
    asking.once('response', (response) => {
      socket.destroy();
      reject(unreachable(target, new Error(`the proxy ${proxy.url.host} answered ${response.statusCode}`)));
    });
    asking.on('error', (error) => reject(unreachable(target, error)));
    asking.end();
  });
}
