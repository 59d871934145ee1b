import type { AppUser } from './app-user.ts';
import { asUser } from './entrance.ts';

/** How namespaces for overlays are made here, and how a command loses the rights that mounting needed. */
export interface Overlays {
  readonly prefix: readonly string[];
  as(user: AppUser | null): readonly string[];
}

export interface OverlayPrograms {
  readonly setpriv: string;
  readonly unshare: string;
}

/** Root needs no user namespace; others mount as the root of one, and run their commands in another, where they are themselves. */
export function overlayCandidates(
  { setpriv, unshare }: OverlayPrograms,
  self: { readonly uid: number; readonly gid: number },
): Overlays[] {
  const around = (own: readonly string[]) => {
    const ended = [setpriv, '--pdeathsig', 'KILL', '--', unshare];
    return [...ended, ...own, '--mount', '--pid', '--fork', '--kill-child', '--'];
  };
  const asSelf = [unshare, '--user', `--map-user=${self.uid}`, `--map-group=${self.gid}`, '--'];
  const inUserNamespace: Overlays = {
    prefix: around(['--user', '--map-root-user']),
    as: () => [...(self.uid === 0 ? [] : asSelf), setpriv, '--no-new-privs', '--bounding-set=-all', '--'],
  };
  const asRoot: Overlays = {
    prefix: around([]),
    as: (user) => (user === null ? [] : asUser(setpriv, user)),
  };
  return self.uid === 0 ? [asRoot] : [inUserNamespace];
}
