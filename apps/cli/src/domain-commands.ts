import type { DomainView } from '@switchyard/client';
import { printable } from '@switchyard/client';
import type { Command } from 'commander';
import { EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import { age, type Colors, table } from './text.ts';

/** `switchyard domains …` */
export function addDomains(
  program: Command,
  run: (command: (context: Context) => Promise<number>) => Promise<void>,
): void {
  const group = program.command('domains').description('hosts of an app beside its own');
  const withJson = (command: Command): Command => command.option('--json', 'print JSON');
  withJson(group.command('list').description('the hosts and which are served').argument('<app>')).action(
    (app: string, options: Options) => run((context) => list(context, app, options)),
  );
  withJson(
    group
      .command('add')
      .description('claim a host and print the DNS record or file that proves it')
      .argument('<app>')
      .argument('<host>'),
  ).action((app: string, host: string, options: Options) => run((context) => add(context, app, host, options)));
  withJson(
    group
      .command('verify')
      .description('look for the DNS record, then the file; the host is served once either was found')
      .argument('<app>')
      .argument('<host>'),
  ).action((app: string, host: string, options: Options) => run((context) => verify(context, app, host, options)));
  group
    .command('remove')
    .description('stop serving a host, and free it')
    .argument('<app>')
    .argument('<host>')
    .action((app: string, host: string) => run((context) => remove(context, app, host)));
}

interface Options {
  readonly json?: boolean;
}

async function list({ client, terminal }: Context, app: string, { json }: Options): Promise<number> {
  const domains = await withKnownApps(client, () => client.domains(app));
  if (json) terminal.json(domains);
  else if (domains.length === 0)
    terminal.note(`${app} has no host but its own; \`switchyard domains add ${app} HOST\` adds one.`);
  else for (const line of domainRows(domains, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

function domainRows(domains: readonly DomainView[], nowMs: number, colors: Colors): string[] {
  return table(
    domains.map(({ host, verifiedAt, createdAt, record }) => [
      { plain: printable(host) },
      verifiedAt === null
        ? { plain: 'not verified', shown: colors.yellow('not verified') }
        : { plain: 'served', shown: colors.green('served') },
      { plain: age(verifiedAt ?? createdAt, nowMs), shown: colors.dim(age(verifiedAt ?? createdAt, nowMs)) },
      { plain: verifiedAt === null ? `${record.name} ${record.type} ${record.value}` : '' },
    ]),
  );
}

async function add({ client, terminal }: Context, app: string, host: string, { json }: Options): Promise<number> {
  const domain = await withKnownApps(client, () => client.addDomain(app, host));
  if (json) {
    terminal.json(domain);
    return EXIT.ok;
  }
  const { colors } = terminal;
  const row = (name: string, value: string): void => terminal.print(`  ${colors.dim(name.padEnd(7))}${value}`);
  const { record, file } = domain;
  terminal.print('A DNS record:');
  row('name', record.name);
  row('type', record.type);
  row('value', colors.bold(record.value));
  terminal.print('or a file:');
  row('url', printable(file.url));
  row('text', colors.bold(file.content));
  terminal.note(
    domain.verifiedAt === null
      ? `Make either (the file only counts before ${domain.host} leads to the router), then \`switchyard domains verify ${app} ${domain.host}\`.`
      : `${domain.host} is verified and served already.`,
  );
  return EXIT.ok;
}

async function verify({ client, terminal }: Context, app: string, host: string, { json }: Options): Promise<number> {
  const domain = await withKnownApps(client, () => client.verifyDomain(app, host));
  if (json) terminal.json(domain);
  else terminal.print(`${domain.host} is verified; ${app} answers there.`);
  return EXIT.ok;
}

async function remove({ client, terminal }: Context, app: string, host: string): Promise<number> {
  await withKnownApps(client, () => client.removeDomain(app, host));
  terminal.note(`${host} is not served any more.`);
  return EXIT.ok;
}
