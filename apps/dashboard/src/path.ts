/** The pages, and which of them a path means. */
export type Page =
  | { readonly kind: 'home' }
  | { readonly kind: 'app'; readonly name: string }
  | { readonly kind: 'deployment'; readonly id: string }
  | { readonly kind: 'missing' };

export function pageOf(path: string): Page {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [first, second] = parts;
  if (first === undefined) return { kind: 'home' };
  if (parts.length === 1 && (first === 'deployments' || first === 'apps')) return { kind: 'home' };
  if (parts.length === 2 && second !== undefined) {
    if (first === 'deployments') return { kind: 'deployment', id: second };
    if (first === 'apps') return { kind: 'app', name: second };
  }
  return { kind: 'missing' };
}

export const pathTo = {
  home: (): string => '/',
  app: (name: string): string => `/apps/${encodeURIComponent(name)}`,
  deployment: (id: string): string => `/deployments/${encodeURIComponent(id)}`,
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
