import { z } from 'zod';
import { AppSettings } from './app-settings.ts';

/** Schemas of all settings of an app, by their path: `build`, `health`, `health.path` … */
export const SETTINGS_FIELDS: ReadonlyMap<string, z.ZodType> = new Map(fieldsOf(AppSettings.shape, ''));

function fieldsOf(shape: z.ZodRawShape, prefix: string): [string, z.ZodType][] {
  return Object.entries(shape).flatMap(([name, field]): [string, z.ZodType][] => {
    const schema = z.instanceof(z.ZodType).parse(field);
    const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    const path = `${prefix}${name}`;
    return [[path, schema], ...(inner instanceof z.ZodObject ? fieldsOf(inner.shape, `${path}.`) : [])];
  });
}

/** What a set of settings says of a field; undefined where it says nothing. */
export function settingAt(values: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), values);
}

/** A value as a person writes it in one word: JSON where the field takes what it means, names with commas for a list, else the text. */
export function settingOf(schema: z.ZodType, word: string): unknown {
  const parsed = jsonOf(word);
  if (parsed !== undefined && typeof parsed !== 'string' && schema.safeParse(parsed).success) return parsed;
  const list = word.split(',').map((item) => item.trim());
  return !schema.safeParse(word).success && schema.safeParse(list).success ? list : word;
}

function jsonOf(word: string): unknown {
  try {
    return JSON.parse(word);
  } catch {
    return undefined;
  }
}
