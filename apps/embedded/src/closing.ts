import type { Colors } from './log-lines.ts';

export interface ClosingFacts {
  readonly apiUrl: string;
  /** URLs of what is live, by app. */
  readonly apps: readonly { readonly name: string; readonly url: string }[];
  readonly tokenFile: string;
  readonly dataDirectory: string;
  /** Settings that the command needs to find this Switchyard: none where everything is at its default. */
  readonly commandSettings: Readonly<Record<string, string>>;
}

/** What one needs to know next, once everything runs. */
export function closingLines(
  { apiUrl, apps, tokenFile, dataDirectory, commandSettings }: ClosingFacts,
  colors: Colors,
): string[] {
  const row = (name: string, value: string): string => `  ${colors.dim(name.padEnd(12))} ${value}`;
  const url = (text: string): string => colors.cyan(text);
  const settings = Object.entries(commandSettings).map(([name, value]) => `${name}=${shellWord(value)} `);
  return [
    '',
    `  ${colors.green('●')} ${colors.bold('Switchyard is up')}`,
    '',
    ...apps.map((app) => row(app.name, url(app.url))),
    row('page', url(apiUrl)),
    row('api', url(`${apiUrl}/v1`)),
    row('admin token', `${tokenFile}  ${colors.dim('(a file; the page asks for what is in it)')}`),
    row('data', dataDirectory),
    '',
    `  ${colors.dim('Next, in another terminal:')}`,
    `    ${settings.join('')}npm run --silent switchyard -- deploy ${apps[0]?.name ?? 'APP'}`,
    `    curl -H "Authorization: Bearer $(cat ${shellWord(tokenFile)})" ${apiUrl}/v1/apps`,
    '',
    `  ${colors.dim('Ctrl-C stops everything; the next `npm start` goes on from here.')}`,
    '',
  ];
}

/** What the command does not find by itself, typed in the same directory. */
export function commandSettings({
  apiUrl,
  tokenFile,
}: Pick<ClosingFacts, 'apiUrl' | 'tokenFile'>): Record<string, string> {
  return {
    ...(apiUrl === 'http://localhost:7070' ? {} : { SWITCHYARD_URL: apiUrl }),
    ...(tokenFile === '.switchyard/admin-token' ? {} : { SWITCHYARD_TOKEN_FILE: tokenFile }),
  };
}

/** As a shell reads it back unchanged. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
