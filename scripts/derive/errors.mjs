import { NOTICE, source, table } from './source.mjs';

const INTRODUCTION = `# Errors

${NOTICE}

Every error has a code that is never renamed, and says whose move it is:

- **user**: change something (the request, the repository, a setting) and try again.
- **platform**: the operator's; the logs of the processes say more.
- **transient**: trying again can help. Switchyard does so by itself where it is safe.

An answer of the API that is no success is a problem document (RFC 9457, \`application/problem+json\`) with \`type\`
(\`urn:switchyard:error:<code>\`), \`title\`, \`status\`, \`detail\`, \`instance\`, \`code\`, \`fault\` and, where fields of the input are wrong,
\`errors\` (\`path\`, \`message\`). \`detail\` says what happened in this case and what to do. Answers with 429 and 503 carry \`Retry-After\`.

The codes without a status never answer a request: they end a stage (and are explained by the deployment's diagnosis) or stop a process at
its start.
`;

export async function errors() {
  const { ERRORS } = await source('packages/domain/src/errors.ts');
  const rows = Object.entries(ERRORS).map(([code, { fault, status, title }]) => [
    `\`${code}\``,
    fault,
    status === 500 && code !== 'internal' ? '' : String(status),
    title,
  ]);
  return `${INTRODUCTION}\n${table(['code', 'fault', 'status', 'title'], rows)}\n`;
}
