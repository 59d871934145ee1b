import { source } from './source.mjs';

export async function openapi() {
  const { openApiDocument } = await source('apps/api/src/openapi.ts');
  const { OPERATIONS } = await source('apps/api/src/operations.ts');
  return `${JSON.stringify(openApiDocument(OPERATIONS), null, 2)}\n`;
}
