import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SourceCredential, SwitchyardError } from '@switchyard/domain';
import type { Address } from './address.ts';
import type { GitPlace } from './git-command.ts';
import { openPrivateDirectory } from './private-directory.ts';
import type { Transport } from './transport.ts';

type SshAddress = Extract<Address, { kind: 'ssh' }>;

const SSH_PORT = 22;
const CONNECT_TIMEOUT_S = 20;

/** How ssh names a host in `known_hosts`. */
const hostKeyName = ({ hostname, port }: Pick<SshAddress, 'hostname' | 'port'>): string =>
  port === SSH_PORT ? hostname : `[${hostname}]:${port}`;

/** Nothing of a user's or this host's configuration, keys or agent; the address that was checked; the keys that the farm knows. */
function configuration(address: SshAddress, checked: string, files: { key: string | null; known: string }): string {
  const lines = [
    `HostName ${checked}`,
    `HostKeyAlias ${hostKeyName(address)}`,
    'BatchMode yes',
    'StrictHostKeyChecking accept-new',
    `UserKnownHostsFile "${files.known}"`,
    'GlobalKnownHostsFile /dev/null',
    'HashKnownHosts no',
    'UpdateHostKeys no',
    'CheckHostIP no',
    'IdentitiesOnly yes',
    'IdentityAgent none',
    `IdentityFile ${files.key === null ? 'none' : `"${files.key}"`}`,
    'PreferredAuthentications publickey',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'ForwardAgent no',
    'ForwardX11 no',
    'PermitLocalCommand no',
    'ControlMaster no',
    'ControlPath none',
    `ConnectTimeout ${CONNECT_TIMEOUT_S}`,
    'ServerAliveInterval 15',
  ];
  return `${lines.join('\n')}\n`;
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** ssh with files that live as long as this call: its configuration, the deploy key, and the keys of the host as the farm knows them. */
export async function sshTransport(
  { egress, dataDir, knownHosts }: GitPlace,
  address: SshAddress,
  credential: SourceCredential | null,
): Promise<Transport> {
  const [checked = address.hostname] = await egress.resolve(address.hostname);
  const name = hostKeyName(address);
  const before = await knownHosts.read(name);
  const directory = await openPrivateDirectory(dataDir);
  try {
    const known = join(directory.path, 'known_hosts');
    const key = credential?.kind === 'deploy-key' ? join(directory.path, 'key') : null;
    await writeFile(known, before.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    if (key !== null && credential?.kind === 'deploy-key') await writeFile(key, credential.privateKey, { mode: 0o600 });
    const config = join(directory.path, 'config');
    await writeFile(config, configuration(address, checked, { key, known }), { mode: 0o600 });
    return {
      settings: [],
      env: {
        GIT_SSH_COMMAND: 'ssh -F "$SWITCHYARD_SSH_CONFIG"',
        GIT_SSH_VARIANT: 'ssh',
        SWITCHYARD_SSH_CONFIG: config,
      },
      failure: (stderr) =>
        /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr) ? changed(name) : null,
      async ended() {
        if (before.length > 0) return;
        const met = linesOf(await readFile(known, 'utf8'));
        if (met.length === 0) return;
        const kept = await knownHosts.keep(name, met);
        if (!met.some((line) => kept.includes(line))) throw changed(name);
      },
      close: () => directory.remove(),
    };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

function changed(host: string): SwitchyardError {
  return new SwitchyardError(
    'source-host-key-changed',
    `The SSH host key of ${host} is not the one that this farm has met before: either the host got a new key, or somebody stands between. Compare it with what the host's operator publishes; if it is right, \`switchyard source forget-host ${host}\` lets the next deployment take the new one.`,
    { host },
  );
}
