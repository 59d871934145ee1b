import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { ERRORS, type ErrorCode, Problem } from '@switchyard/domain';
import { VERSION } from '@switchyard/service';
import type { z } from 'zod';
import { type Answer, NO_BODY, type Operation } from './operation.ts';

const TAGS = [
  { name: 'Apps', description: 'What gets deployed, and what is live.' },
  {
    name: 'Deployments',
    description: 'One run of the pipeline each: nine stages, events, logs, and a diagnosis when it failed.',
  },
  { name: 'Releases', description: 'Going back to a kept release, and starting the live one afresh.' },
  { name: 'Session', description: 'A cookie for the browser.' },
  { name: 'System', description: 'How the farm does.' },
];

/** The API's description (OpenAPI 3.1), made of the operations that the server answers with. */
export function openApiDocument(operations: readonly Operation[]): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'The admin token, from the file `admin-token` of the data directory.',
  });
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'switchyard_session',
    description:
      'For the browser; see `POST /v1/session`. Writes need a JSON body or the header `Switchyard-Client` as well.',
  });
  for (const operation of operations) registerOperation(registry, operation);
  return new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Switchyard',
      version: VERSION,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Deploys Git repositories to live URLs. Every error is a problem document (RFC 9457) with a stable `code`; docs/errors.md lists them.',
    },
    tags: TAGS,
  });
}

function registerOperation(registry: OpenAPIRegistry, operation: Operation): void {
  const { params, query, headers, body } = operation;
  const withFields = (name: 'params' | 'query' | 'headers', fields: z.ZodObject | undefined) =>
    fields === undefined || Object.keys(fields.shape).length === 0 ? {} : { [name]: fields };
  registry.registerPath({
    operationId: operation.id,
    method: operation.method,
    path: operation.path,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    security: securityOf(operation),
    request: {
      ...withFields('params', params),
      ...withFields('query', query),
      ...withFields('headers', headers),
      ...(body === NO_BODY
        ? {}
        : { body: { required: !body.safeParse({}).success, content: { 'application/json': { schema: body } } } }),
    },
    responses: { ...answersOf(operation), ...problemsOf(operation) },
  });
}

function securityOf({ access }: Operation): Record<string, string[]>[] {
  if (access === 'none') return [];
  const either = [{ token: [] }, { session: [] }];
  return access === 'token' ? either : [...either, {}];
}

function answersOf({ answers }: Operation): Record<string, ResponseConfig> {
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]));
}

function answerOf({ description, content, headers }: Answer): ResponseConfig {
  const contents = Object.entries(content ?? {}).map(([type, schema]) => [type, { schema }] as const);
  const named: NonNullable<Exclude<ResponseConfig['headers'], z.ZodObject>> = {};
  for (const [name, words] of Object.entries(headers ?? {}))
    named[name] = { description: words, schema: { type: 'string' } };
  return {
    description,
    ...(contents.length === 0 ? {} : { content: Object.fromEntries(contents) }),
    ...(headers === undefined ? {} : { headers: named }),
  };
}

/** What any operation of this kind may answer with, beside its own. */
export function problemCodesOf(operation: Operation): ErrorCode[] {
  const codes = new Set<ErrorCode>(operation.errors);
  if (operation.access === 'token') codes.add('unauthenticated');
  if (operation.access === 'token' && operation.method !== 'get') codes.add('forbidden');
  if (operation.body !== NO_BODY)
    for (const code of ['invalid-input', 'body-too-large', 'unsupported-media-type'] as const) codes.add(code);
  if (Object.keys(operation.query.shape).length > 0) codes.add('invalid-input');
  if (operation.path.startsWith('/v1/') && operation.tag !== 'Session') codes.add('redis-unavailable');
  codes.add('internal');
  return [...codes];
}

function problemsOf(operation: Operation): Record<string, ResponseConfig> {
  const byStatus = groupByStatus(problemCodesOf(operation));
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  );
}

function groupByStatus(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const groups = new Map<number, ErrorCode[]>();
  for (const code of codes) groups.set(ERRORS[code].status, [...(groups.get(ERRORS[code].status) ?? []), code]);
  return groups;
}
