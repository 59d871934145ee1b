/** The SSH host keys that the farm knows, by host. Lines as ssh writes them into `known_hosts`. */
export interface KnownHosts {
  /** Empty where the host was never met. */
  read(host: string): Promise<readonly string[]>;
  /** Keeps the keys of a host that was met for the first time; answers those that count: of two at once the first. */
  keep(host: string, lines: readonly string[]): Promise<readonly string[]>;
}

/** For as long as this process lives. */
export function rememberedHosts(): KnownHosts {
  const known = new Map<string, readonly string[]>();
  return {
    read: async (host) => known.get(host) ?? [],
    async keep(host, lines) {
      const kept = known.get(host) ?? lines;
      known.set(host, kept);
      return kept;
    },
  };
}
