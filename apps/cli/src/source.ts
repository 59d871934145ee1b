import { text as textOf } from 'node:stream/consumers';
import { printable, type SourceCredentialView } from '@switchyard/client';
import { CommandError, EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import { age, table } from './text.ts';

interface Json {
  readonly json?: boolean;
}

export async function showSource({ client, terminal }: Context, app: string, { json }: Json): Promise<number> {
  const credential = await withKnownApps(client, () => client.sourceCredential(app));
  if (json) terminal.json(credential);
  else for (const line of credentialLines(credential, terminal.now())) terminal.print(line);
  return EXIT.ok;
}

/** The token comes by standard input: arguments are seen by every user of the machine, and kept in the shell's history. */
export async function setToken(
  { client, terminal }: Context,
  app: string,
  source: string,
  { username, json }: Json & { username?: string },
): Promise<number> {
  if (source !== '-')
    throw new CommandError(
      `A token in the command line is seen by every user of this machine. Give it by standard input: switchyard source token ${app} - < file`,
    );
  const token = (await textOf(process.stdin)).trim();
  if (token === '') throw new CommandError('Standard input holds no token.');
  const set = { kind: 'token', token, ...(username === undefined ? {} : { username }) } as const;
  const credential = await withKnownApps(client, () => client.setSourceCredential(app, set));
  if (json) terminal.json(credential);
  else
    terminal.note(`The token is set; it is shown to ${credential.host} alone. \`switchyard deploy ${app}\` tries it.`);
  return EXIT.ok;
}

export async function makeDeployKey({ client, terminal }: Context, app: string, { json }: Json): Promise<number> {
  const credential = await withKnownApps(client, () => client.setSourceCredential(app, { kind: 'deploy-key' }));
  if (json) {
    terminal.json(credential);
    return EXIT.ok;
  }
  terminal.print(credential.publicKey ?? '');
  terminal.note(
    `Enter this line at ${credential.host} as a deploy key of the repository; reading is enough. The private half stays with Switchyard, sealed. A key made earlier counts no more.`,
  );
  return EXIT.ok;
}

export async function forgetSource({ client, terminal }: Context, app: string): Promise<number> {
  await withKnownApps(client, () => client.deleteSourceCredential(app));
  terminal.note(`${app} has no source credential any more.`);
  return EXIT.ok;
}

export async function listHosts({ client, terminal }: Context, { json }: Json): Promise<number> {
  const hosts = await client.knownHosts();
  if (json) terminal.json(hosts);
  else if (hosts.length === 0) terminal.note('No SSH host is known yet.');
  else {
    const rows = hosts.flatMap(({ host, keys, metAt }) =>
      keys.map(({ type, fingerprint }) => [
        { plain: printable(host) },
        { plain: printable(type) },
        { plain: fingerprint },
        { plain: age(metAt, terminal.now()) },
      ]),
    );
    for (const line of table(rows)) terminal.print(line);
  }
  return EXIT.ok;
}

export async function forgetHost({ client, terminal }: Context, host: string): Promise<number> {
  await client.forgetKnownHost(host);
  terminal.note(
    `The keys of ${printable(host)} are forgotten; the next deployment from there takes the key that it shows.`,
  );
  return EXIT.ok;
}

function credentialLines(
  { kind, host, username, publicKey, fingerprint, setAt }: SourceCredentialView,
  nowMs: number,
): string[] {
  const rows: [string, string | null][] = [
    ['kind', kind],
    ['for', host],
    ['user', username],
    ['mark', fingerprint],
    ['set', age(setAt, nowMs)],
    ['key', publicKey],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(6)}${value}`]));
}
