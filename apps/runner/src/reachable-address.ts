export interface Address {
  readonly host: string;
  readonly port: number;
}

export type Reachability =
  /** `asTold`: on the port it was given. */
  | { readonly kind: 'reachable'; readonly address: Address; readonly asTold: boolean }
  /** It listens, but only where nobody outside its own network can reach it. */
  | { readonly kind: 'loopback-only'; readonly port: number }
  | { readonly kind: 'nothing-listens' };

const EVERYWHERE = new Set(['0.0.0.0', '::']);
const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.');

/**
 * Where an instance can be reached, given where it was told to listen and the sockets that are its own. On this machine's network
 * (`told.host` is a loopback address) a loopback listener is reachable as it is; in a network of its own it is not.
 */
export function reachableAddress(told: Address, sockets: readonly Address[]): Reachability {
  const shared = isLoopback(told.host);
  const usable = sockets.filter(({ host }) => shared || !isLoopback(host));
  const lowest = sockets.reduce<number | null>(
    (port, socket) => (port === null ? socket.port : Math.min(port, socket.port)),
    null,
  );
  if (lowest === null) return { kind: 'nothing-listens' };
  if (usable.length === 0) return { kind: 'loopback-only', port: lowest };
  const asTold = usable.some(({ port }) => port === told.port);
  const port = asTold ? told.port : Math.min(...usable.map((socket) => socket.port));
  const hosts = usable.filter((socket) => socket.port === port).map(({ host }) => host);
  const direct = hosts.some((host) => EVERYWHERE.has(host) || host === told.host);
  return { kind: 'reachable', address: { host: direct ? told.host : (hosts[0] ?? told.host), port }, asTold };
}
