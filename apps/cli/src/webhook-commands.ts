import type { DeliveryView } from '@switchyard/client';
import { printable } from '@switchyard/client';
import { EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import { age, type Colors, table } from './text.ts';

/** Makes a new secret and says where to enter it. */
export async function webhook(
  { client, terminal }: Context,
  app: string,
  { json }: { json?: boolean },
): Promise<number> {
  const made = await withKnownApps(client, () => client.renewWebhookSecret(app));
  if (json) {
    terminal.json(made);
    return EXIT.ok;
  }
  const { colors } = terminal;
  const row = (name: string, value: string): void => terminal.print(`${colors.dim(name.padEnd(8))}${value}`);
  row('GitHub', made.urls.github);
  row('GitLab', made.urls.gitlab);
  row('Gitea', made.urls.gitea);
  row('secret', colors.bold(made.secret));
  terminal.note(
    'The secret is shown this once; one made earlier counts no more. docs/webhooks.md says where to enter it.',
  );
  if (isLocal(made.urls.github))
    terminal.note(
      'A forge elsewhere can’t reach this address: set SWITCHYARD_PUBLIC_URL on the api to one that it can.',
    );
  return EXIT.ok;
}

const isLocal = (url: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);

export async function deliveries(
  { client, terminal }: Context,
  app: string,
  { json }: { json?: boolean },
): Promise<number> {
  const found = await withKnownApps(client, () => client.deliveries(app));
  if (json) terminal.json(found);
  else if (found.length === 0)
    terminal.note(`No webhook delivery has come in for ${app}; \`switchyard webhook ${app}\` says where to enter one.`);
  else for (const line of deliveryRows(found, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

function deliveryRows(found: readonly DeliveryView[], nowMs: number, colors: Colors): string[] {
  return table(
    found.map(({ at, provider, event, ref, sha, verdict, reason, deploymentId }) => [
      { plain: age(at, nowMs), shown: colors.dim(age(at, nowMs)) },
      { plain: provider },
      { plain: printable(ref ?? event) },
      { plain: sha?.slice(0, 7) ?? '' },
      { plain: verdict, shown: (verdict === 'accepted' ? colors.green : colors.yellow)(verdict) },
      { plain: printable(reason ?? deploymentId ?? '') },
    ]),
  );
}
