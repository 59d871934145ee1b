import { SwitchyardError } from '@switchyard/domain';

/** Git's own rules for names (`git check-ref-format`), and no word that a command could take for an option. */
const FORBIDDEN = /^$|^-|^\/|\/$|\/\/|\.\.|@\{|\\|[\p{Cc}\s~^:?*[]|\.lock(?:\/|$)|(?:^|\/)\.|\.$|^@$/u;

/** What a ref may be, in the order in which it is looked for. */
export type WantedRef =
  | { readonly kind: 'default' }
  | { readonly kind: 'sha'; readonly sha: string }
  | { readonly kind: 'name'; readonly name: string; readonly abbreviates: boolean };

export function parseRef(ref: string | null, maxLength: number): WantedRef {
  if (ref === null || ref === 'HEAD') return { kind: 'default' };
  if (ref.length > maxLength || FORBIDDEN.test(ref)) {
    throw new SwitchyardError(
      'ref-not-found',
      `${JSON.stringify(ref.slice(0, 80))} can't be the name of a branch, a tag or a commit.`,
      {
        ref: ref.slice(0, 80),
      },
    );
  }
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(ref)) return { kind: 'sha', sha: ref.toLowerCase() };
  return { kind: 'name', name: ref, abbreviates: /^[0-9a-f]{4,63}$/i.test(ref) };
}

/** The full names that a short one may stand for; the first that the repository has is meant. */
export function candidates(name: string): string[] {
  return name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
}

export interface RemoteRef {
  readonly sha: string;
  readonly name: string;
}

export interface RemoteRefs {
  readonly refs: readonly RemoteRef[];
  /** What HEAD points to: `refs/heads/main`. */
  readonly head: string | null;
}

/** `git ls-remote --symref`. Its patterns match any tail of a name, so more may come than was asked for. */
export function parseRemoteRefs(text: string): RemoteRefs {
  const refs: RemoteRef[] = [];
  let head: string | null = null;
  for (const line of text.split('\n')) {
    const symbolic = /^ref: (\S+)\tHEAD$/.exec(line);
    if (symbolic?.[1] !== undefined) head = symbolic[1];
    const [, sha, name] = /^([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)$/.exec(line) ?? [];
    if (sha !== undefined && name !== undefined) refs.push({ sha, name });
  }
  return { refs, head };
}

/** The commit behind a name: an annotated tag's `^{}` line is the commit, its own line the tag object. */
export function commitOf({ refs }: RemoteRefs, name: string): string | null {
  return (refs.find((ref) => ref.name === `${name}^{}`) ?? refs.find((ref) => ref.name === name))?.sha ?? null;
}
