/** `pick(n)` answers a whole number from 0 to n - 1. */
export type Pick = (count: number) => number;

/** The share that a visitor falls into. Weights need not add up to 100. null where there is none. */
export function chooseShare<Share extends { readonly weight: number }>(
  shares: readonly Share[],
  pick: Pick,
): Share | null {
  const [only] = shares;
  if (shares.length <= 1) return only ?? null;
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  let point = pick(total);
  for (const share of shares) {
    point -= share.weight;
    if (point < 0) return share;
  }
  return null;
}

/** Of two taken at random the one with fewer requests in flight: near the best choice without looking at all of them. */
export function chooseTarget<Target extends { readonly inFlight: number }>(
  targets: readonly Target[],
  pick: Pick,
): Target | null {
  const count = targets.length;
  if (count <= 1) return targets[0] ?? null;
  const first = pick(count);
  const second = (first + 1 + pick(count - 1)) % count;
  const [a, b] = [targets[first], targets[second]];
  if (a === undefined || b === undefined) return null;
  return b.inFlight < a.inFlight ? b : a;
}
