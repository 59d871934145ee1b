import { z } from 'zod';

/**
 * The settings of the command; docs/configuration.md is made from the `describe()` texts.
 *
 * @public
 */
export const cliConfig = {
  SWITCHYARD_URL: z
    .url({ protocol: /^https?$/, error: 'a URL that starts with http:// or https://' })
    .default('http://localhost:7070')
    .describe('Where the api is.'),
  SWITCHYARD_TOKEN: z.string().min(1).optional().describe('The admin token itself; wins over the file.'),
  SWITCHYARD_TOKEN_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File with the admin token; `<data directory>/admin-token` when unset.'),
  SWITCHYARD_DATA_DIR: z
    .string()
    .default('.switchyard')
    .describe('Data directory of a Switchyard on this machine, whose `admin-token` is taken when no other is named.'),
};

const Settings = z.object(cliConfig);
export type Settings = z.infer<typeof Settings>;

/** What the environment says, or in a sentence what of it is not valid; the token is not repeated. */
export function readSettings(): Settings | { readonly invalid: string } {
  const names = Object.keys(Settings.shape);
  const given = Object.fromEntries(
    names.map((name) => [name, process.env[name] === '' ? undefined : process.env[name]]),
  );
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  return { invalid: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
}
