import { LIMITS, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';

/** A schema per variable; its `describe()` text is the variable's line in docs/configuration.md. */
export type ConfigShape = Readonly<Record<string, z.ZodType>>;
export type ConfigOf<Shape extends ConfigShape> = Readonly<z.infer<z.ZodObject<Shape>>>;

/**
 * Reads a process's settings: everything that is wrong is reported at once, with the variable's name; an empty value counts as unset;
 * the result is frozen. Rejected values are not repeated, since some are secret. Throws `config-invalid`.
 */
export function readConfig<Shape extends ConfigShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigOf<Shape> {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, environment[name] === '' ? undefined : environment[name]]),
  );
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  const lines = errors.map(({ path, message }) => `  ${path}: ${message}`);
  throw new SwitchyardError('config-invalid', `These settings are not valid:\n${lines.join('\n')}`, { errors });
}

export const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'a port number, 0 to 65535')
    .default(String(fallback))
    .transform(Number)
    .refine((value) => value <= 65_535, 'a port number, 0 to 65535');

export const flag = (fallback: boolean) =>
  z
    .enum(['0', '1'], '0 or 1')
    .default(fallback ? '1' : '0')
    .transform((value) => value === '1');

export const count = (fallback: number, bounds: { min: number; max: number }) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${bounds.min} to ${bounds.max}`)
    .default(String(fallback))
    .transform(Number)
    .refine(
      (value) => value >= bounds.min && value <= bounds.max,
      `a whole number from ${bounds.min} to ${bounds.max}`,
    );

/** Answers milliseconds. */
const seconds = (most: number) =>
  z
    .string()
    .regex(/^\d{1,6}(\.\d{1,3})?$/, 'seconds, as in 1200 or 1.5')
    .transform((text) => Math.round(Number(text) * 1_000))
    .refine((ms) => ms <= most * 1_000, `at most ${most} seconds`);

const UNITS = ['', 'k', 'm', 'g', 't'] as const;

/** Bytes, or with a unit: `20GB` and `20 GB` are 20 · 10⁹, `20GiB` is 20 · 2³⁰. */
export const byteSize = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,3})?\s?([kmgt]i?)?b?$/i, 'bytes, or a size as in 20GB or 512MiB')
  .transform((text) => {
    const [, number = '', unit = '', binary] = /^([\d.]+)\s?([kmgt]?)(i?)/i.exec(text) ?? [];
    const power = UNITS.findIndex((one) => one === unit.toLowerCase());
    return Math.floor(Number(number) * (binary === '' ? 1_000 : 1_024) ** power);
  });

/** Settings that every process has. */
export const commonConfig = {
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'a URL that starts with redis:// or rediss://')
    .describe('Redis with AOF `always` and `noeviction`.'),
  SWITCHYARD_KEY_PREFIX: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,40}$/, 'letters, digits and hyphens')
    .default('switchyard')
    .describe('Put before every key in Redis, so that several farms can share one.'),
  SWITCHYARD_DATA_DIR: z
    .string()
    .default('.switchyard')
    .describe('Directory for mirrors, snapshots, instances, blobs and keys; shared by the processes of a host.'),
  SWITCHYARD_METRICS_PORT: port(0).describe('Port of this process’s `/metrics` and `/readyz`; 0 takes any free one.'),
  SWITCHYARD_METRICS_HOST: z.string().default('127.0.0.1').describe('Address on which `/metrics` is served.'),
  SWITCHYARD_DRAIN_DEADLINE_S: seconds(LIMITS.maxDrainDeadlineMs / 1_000)
    .optional()
    .meta({
      description:
        'How long this process, told to stop (SIGTERM), lets go on what it has in hand before it hands it back or cuts it; `1200` lets a worker end builds of twenty minutes.',
      defaultText: Object.entries(LIMITS.drainDeadlineMs)
        .map(([kind, ms]) => `${kind} ${ms / 1_000}`)
        .join(', '),
    }),
  SWITCHYARD_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
} satisfies ConfigShape;

/** Settings of the processes that see the values of variables: api, worker and runner. */
export const secretKeyConfig = {
  SWITCHYARD_SECRET_KEY_FILE: z
    .string()
    .optional()
    .describe(
      'File with the key that seals the variables of all apps and makes their webhook secrets, the same for all processes of the farm; made when missing. `<data directory>/secret-key` when unset.',
    ),
} satisfies ConfigShape;
