import type { SwitchyardError } from '@switchyard/domain';
import type { Remote } from './address.ts';
import type { GitPlace } from './git-command.ts';
import { httpTransport } from './http-transport.ts';
import { sshTransport } from './ssh-transport.ts';

/** What one Git command is given to reach a remote and to show it a credential. */
export interface Transport {
  /** `-c` settings: never a secret, since other users see arguments. */
  readonly settings: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the way itself knows of a failure, which Git's words tell badly; null: Git's words count. */
  failure(stderr: string): SwitchyardError | null;
  /** After Git has ended, well or not: keeps what was learnt. */
  ended(succeeded: boolean): Promise<void>;
  /** Takes everything away again. */
  close(): Promise<void>;
}

const NOTHING: Transport = {
  settings: [],
  env: {},
  failure: () => null,
  ended: async () => {},
  close: async () => {},
};

export async function openTransport(place: GitPlace, remote: Remote | null): Promise<Transport> {
  switch (remote?.address.kind) {
    case 'http':
      return await httpTransport(place, remote.address, remote.credential);
    case 'ssh':
      return await sshTransport(place, remote.address, remote.credential);
    case 'file':
    case undefined:
      return NOTHING;
  }
}
