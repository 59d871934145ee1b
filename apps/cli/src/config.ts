import { z } from 'zod';

const Settings = z.object({
  /** Where the api is. */
  SWITCHYARD_URL: z
    .url({ protocol: /^https?$/, error: 'a URL that starts with http:// or https://' })
    .default('http://localhost:7070'),
  /** The admin token itself; wins over the file. */
  SWITCHYARD_TOKEN: z.string().min(1).optional(),
  /** A file with the token. */
  SWITCHYARD_TOKEN_FILE: z.string().min(1).optional(),
  /** The data directory of a Switchyard on this machine, whose `admin-token` is taken when nothing else is said. */
  SWITCHYARD_DATA_DIR: z.string().default('.switchyard'),
});
export type Settings = z.infer<typeof Settings>;

/** Throws a `UsageError`-like message for what is not valid; the token is not repeated. */
export function readSettings(): Settings | { readonly invalid: string } {
  const names = Object.keys(Settings.shape);
  const given = Object.fromEntries(
    names.map((name) => [name, process.env[name] === '' ? undefined : process.env[name]]),
  );
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  return { invalid: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
}
