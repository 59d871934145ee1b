import { z } from 'zod';

export type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON Merge Patch (RFC 7396) on objects: fields of the patch replace, `null` removes, objects merge, an emptied object goes. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [name, change] of Object.entries(patch)) {
    if (change === undefined) continue;
    const before = merged.get(name);
    const now = isObject(change) ? mergePatch(isObject(before) ? before : {}, change) : change;
    if (now === null || (isObject(now) && Object.keys(now).length === 0)) merged.delete(name);
    else merged.set(name, now);
  }
  return Object.fromEntries(merged);
}

/** The shape of a merge patch: every field may be absent, or null to be removed, in objects inside as well. */
export function patchOf(shape: z.ZodRawShape): z.ZodRawShape {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => {
      const schema = z.instanceof(z.ZodType).parse(field);
      const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
      const changed = inner instanceof z.ZodObject ? z.strictObject(patchOf(inner.shape)) : schema;
      const { description } = schema.meta() ?? {};
      const patched = z.nullable(z.instanceof(z.ZodType).parse(changed)).optional();
      return [name, description === undefined ? patched : patched.meta({ description })];
    }),
  );
}
