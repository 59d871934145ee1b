import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient } from '@switchyard/client';
import { CommandError } from './command-error.ts';
import { readSettings, type Settings } from './config.ts';

/** A client with the address and the token that the environment names. Rejects with a `CommandError` that says what to set. */
export async function connect(): Promise<Client> {
  const settings = readSettings();
  if ('invalid' in settings) throw new CommandError(`These settings are not valid: ${settings.invalid}`);
  return createClient({ baseUrl: settings.SWITCHYARD_URL, token: await readToken(settings), kind: 'cli' });
}

async function readToken(settings: Settings): Promise<string> {
  if (settings.SWITCHYARD_TOKEN !== undefined) return settings.SWITCHYARD_TOKEN.trim();
  if (settings.SWITCHYARD_TOKEN_FILE !== undefined) {
    const text = await readFile(settings.SWITCHYARD_TOKEN_FILE, 'utf8').catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CommandError(`The token file that SWITCHYARD_TOKEN_FILE names can't be read: ${reason}`);
    });
    return text.trim();
  }
  const file = join(settings.SWITCHYARD_DATA_DIR, 'admin-token');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text !== null) return text.trim();
  throw new CommandError(
    `No token. Set SWITCHYARD_TOKEN_FILE to a file that holds it, or SWITCHYARD_TOKEN to the token itself. ` +
      `A Switchyard that \`npm start\` started here keeps it in its data directory (looked for ${file}; SWITCHYARD_DATA_DIR names another).`,
  );
}
