import { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** An object that takes no fields but its own, and says of each other one which it may have been meant for. */
export function closedObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => unknownField(key, known)).join('; ') : undefined,
  });
}

function unknownField(key: string, known: readonly string[]): string {
  const meant = nearestName(key, known);
  return `there is no field ${JSON.stringify(key)}${meant === null ? `; there are ${known.join(', ')}` : `, did you mean ${meant}?`}`;
}
