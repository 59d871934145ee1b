import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { COMMAND_PATH } from '../local/host-tools.ts';
import { runOwn } from '../local/own-command.ts';
import type { Egress } from '../network/egress.ts';
import type { Remote } from './address.ts';
import { gitFailure, maskAddresses } from './git-failures.ts';
import type { KnownHosts } from './known-hosts.ts';
import { openTransport } from './transport.ts';

export interface GitOptions {
  /** Where it goes, and what it may show there; null for what stays on this disk. */
  readonly remote: Remote | null;
  readonly gitDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Readable;
  readonly signal?: AbortSignal | undefined;
  /** How much may be answered, and what a call that answers more rejects with. */
  readonly most?: { readonly bytes: number; readonly beyond: () => Error };
  /** Gets what Git tells people (stderr), masked, as it comes. */
  readonly onOutput?: ((chunk: Buffer) => void) | undefined;
}

export interface Git {
  /** Answers stdout. Rejects with the catalogue's errors, or with the signal's reason. */
  run(args: readonly string[], options: GitOptions): Promise<Buffer>;
}

export interface GitPlace {
  readonly dataDir: string;
  readonly allowFileRepositories: boolean;
  readonly certificates: string | null;
  readonly egress: Egress;
  readonly knownHosts: KnownHosts;
}

/** A transfer slower than this for this long is given up. */
const LOW_SPEED_BYTES = 500;
const LOW_SPEED_S = 30;

/** Nothing of a user's or the system's configuration, no hooks, no prompts, no protocol but those listed. */
function configuration({ allowFileRepositories, certificates }: GitPlace): string[] {
  return [
    'core.hooksPath=/dev/null',
    'core.fsmonitor=false',
    'core.attributesFile=/dev/null',
    'gc.auto=0',
    'maintenance.auto=false',
    'credential.helper=',
    'protocol.version=2',
    'protocol.allow=never',
    'protocol.https.allow=always',
    'protocol.http.allow=always',
    'protocol.ssh.allow=always',
    `protocol.file.allow=${allowFileRepositories ? 'always' : 'never'}`,
    'http.followRedirects=initial',
    `http.lowSpeedLimit=${LOW_SPEED_BYTES}`,
    `http.lowSpeedTime=${LOW_SPEED_S}`,
    'advice.detachedHead=false',
    'transfer.credentialsInUrl=die',
    ...(certificates === null ? [] : [`http.sslCAInfo=${certificates}`]),
  ];
}

export async function openGit(place: GitPlace): Promise<Git> {
  // `safe.directory` of the command line does not reach the upload-pack that Git starts for a path; a file of ours does.
  const globalFile = join(place.dataDir, place.allowFileRepositories ? 'git-config-files-allowed' : 'git-config');
  await mkdir(place.dataDir, { recursive: true });
  const beside = `${globalFile}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(beside, place.allowFileRepositories ? '[safe]\n\tdirectory = *\n' : '');
  await rename(beside, globalFile);

  return {
    async run(args, { remote, gitDir, env, input, signal, most, onOutput }) {
      const transport = await openTransport(place, remote);
      try {
        const settings = [...configuration(place), ...transport.settings];
        const answer = await runOwn({
          words: ['git', ...settings.flatMap((setting) => ['-c', setting]), ...args],
          signal,
          ...(input === undefined ? {} : { input }),
          ...(most === undefined ? {} : { maxOutputBytes: most.bytes }),
          onStderr:
            onOutput === undefined ? undefined : (chunk) => onOutput(Buffer.from(maskAddresses(chunk.toString()))),
          env: {
            PATH: COMMAND_PATH,
            HOME: place.dataDir,
            LC_ALL: 'C',
            GIT_TERMINAL_PROMPT: '0',
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_CONFIG_GLOBAL: globalFile,
            GIT_ATTR_NOSYSTEM: '1',
            // What a partial mirror lacks is fetched in one go, by us.
            GIT_NO_LAZY_FETCH: '1',
            GIT_ASKPASS: '/bin/false',
            SSH_ASKPASS: '/bin/false',
            GIT_SSH_COMMAND: '/bin/false',
            ...transport.env,
            ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
            ...env,
          },
        });
        await transport.ended(answer.succeeded);
        if (answer.succeeded) return answer.stdout;
        if (answer.isTooMuch && most !== undefined) throw most.beyond();
        throw transport.failure(answer.stderr) ?? gitFailure(answer.stderr, remote);
      } finally {
        await transport.close();
      }
    },
  };
}
