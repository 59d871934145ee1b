import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Collects JSON Schemas for a description: named ones once under `components`, with references to them wherever they are used. */
export interface SchemaComponents {
  /** The schema of what is sent (`input`) or answered (`output`); a reference where the shape has a name. */
  schemaOf(shape: z.ZodType, io: 'input' | 'output'): JsonSchema;
  /** All named schemas that were met, by name. */
  named(): Readonly<Record<string, JsonSchema>>;
}

const PLACE = '#/components/schemas/';

/**
 * Zod's own JSON Schema is what OpenAPI 3.1 speaks, so it is used as it is. (zod-to-openapi 9 was tried: it drops the null of a nullable
 * reference and of a custom type.)
 */
export function schemaComponents(): SchemaComponents {
  const named = new Map<string, JsonSchema>();
  return {
    schemaOf(shape, io) {
      const {
        $schema: _dialect,
        $defs,
        ...schema
      } = z.toJSONSchema(shape, { io, unrepresentable: 'any', override: adjust });
      for (const [name, definition] of Object.entries($defs ?? {})) named.set(name, placed(definition));
      return placed(schema);
    },
    named: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function adjust({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  // Answers may gain fields: only shapes that say so refuse unknown ones.
  if (zodSchema._zod.def.type === 'object' && zodSchema._zod.def.catchall === undefined)
    delete jsonSchema.additionalProperties;
  // JavaScript's own bounds say nothing to others.
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

/** Without the name inside, and with references that lead to `components`. */
function placed(schema: JsonSchema): JsonSchema {
  const { id: _id, ...rest } = schema;
  const text = JSON.stringify(rest, (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace(/^#\/\$defs\//, PLACE) : value,
  );
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
}
