import { expect, it } from 'vitest';
import { z } from 'zod';
import { SETTINGS_FIELDS, settingOf } from './settings-fields.ts';

it.each([
  ['build', 'npm run build', 'npm run build'],
  ['build', 'false', false],
  ['build', '"false"', '"false"'],
  ['node', '24', '24'],
  ['replicas', '3', 3],
  ['replicas', 'many', 'many'],
  ['static.spa', 'true', true],
  ['static', '{"directory":"dist"}', { directory: 'dist' }],
  ['health.path', '/up', '/up'],
  ['requiredVariables', 'A, B', ['A', 'B']],
  ['requiredVariables', '[{"name":"A","description":"a, b"}]', [{ name: 'A', description: 'a, b' }]],
  ['requiredVariables', 'A', ['A']],
])('%s=%s', (field, word, value) => {
  expect(settingOf(SETTINGS_FIELDS.get(field) ?? z.never(), word)).toEqual(value);
});
