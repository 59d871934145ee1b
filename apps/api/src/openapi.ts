import { ARCHIVE_TYPE, ERRORS, type ErrorCode, Problem } from '@switchyard/domain';
import { VERSION } from '@switchyard/service';
import { z } from 'zod';
import { IDEMPOTENCY_HEADER, IdempotencyKey, takesIdempotencyKey } from './idempotency.ts';
import { type Answer, ARCHIVE_BODY, NO_BODY, type Operation } from './operation.ts';
import { type SchemaComponents, schemaComponents } from './schema-components.ts';
import { SESSION_COOKIE } from './session.ts';

const TAGS = [
  { name: 'Apps', description: 'What gets deployed, and what is live.' },
  { name: 'Uploads', description: 'Folders that are sent to be deployed, for apps without a repository and others.' },
  {
    name: 'Deployments',
    description: 'One run of the pipeline each: nine stages, events, logs, and a diagnosis when it failed.',
  },
  { name: 'Releases', description: 'Going back to a kept release, starting the live one afresh, stopping it.' },
  { name: 'Settings', description: 'What is decided for an app here; docs/settings.md has every field.' },
  {
    name: 'Source credentials',
    description:
      'How private repositories are opened: with a token over https, or with a deploy key that Switchyard makes.',
  },
  {
    name: 'Variables',
    description: 'What an app’s commands find in their environment; docs/variables.md says when a change takes effect.',
  },
  { name: 'Domains', description: 'Hosts of an app beside its own, proved by a DNS record; see docs/domains.md.' },
  { name: 'Webhooks', description: 'Pushes that deploy by themselves, as GitHub, GitLab and Gitea tell of them.' },
  { name: 'Teams', description: 'Who owns apps; the operator’s. docs/teams.md says what a team’s token shows.' },
  { name: 'Limits', description: 'How much may be under way at once, of the farm, a team and an app.' },
  { name: 'Session', description: 'A cookie for the browser.' },
  { name: 'System', description: 'How the farm does.' },
];

const SECURITY_SCHEMES = {
  token: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A team’s token, which shows that team’s apps alone, or the admin token, from the file `admin-token` of the data directory.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description:
      'For the browser; see `POST /v1/session`. Writes need a JSON body or the header `Switchyard-Client` as well.',
  },
};

/** The API's description (OpenAPI 3.1), made of the operations that the server answers with. */
export function openApiDocument(operations: readonly Operation[]): object {
  const components = schemaComponents();
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations)
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describeOperation(operation, components),
    };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchyard',
      version: VERSION,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Deploys Git repositories to live URLs. Every error is a problem document (RFC 9457) with a stable `code`; docs/errors.md lists them.',
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths,
    components: { schemas: components.named(), securitySchemes: SECURITY_SCHEMES },
  };
}

function describeOperation(operation: Operation, components: SchemaComponents): object {
  const { id, tag, summary, description, params, query, headers, body, answers } = operation;
  const parameters = [
    ...parametersOf('path', params, components),
    ...parametersOf('query', query, components),
    ...parametersOf('header', headers, components),
    ...(takesIdempotencyKey(operation) ? parametersOf('header', IdempotencyHeader, components) : []),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(operation),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === NO_BODY ? {} : { requestBody: describeBody(body, components) }),
    responses: {
      ...mapValues(answers, (answer) => describeAnswer(answer, components)),
      ...describeProblems(problemCodesOf(operation), components),
    },
  };
}

function parametersOf(
  place: 'path' | 'query' | 'header',
  fields: z.ZodObject | undefined,
  components: SchemaComponents,
): object[] {
  if (fields === undefined) return [];
  const { properties = {}, required = [] } = components.schemaOf(fields, 'input');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {};
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

function describeBody(body: z.ZodType, components: SchemaComponents): object {
  if (body === ARCHIVE_BODY)
    return { required: true, content: { [ARCHIVE_TYPE]: { schema: { type: 'string', format: 'binary' } } } };
  return {
    required: !body.safeParse({}).success,
    content: { 'application/json': { schema: components.schemaOf(body, 'input') } },
  };
}

function describeAnswer({ description, content, headers }: Answer, components: SchemaComponents): object {
  return {
    description,
    ...(headers === undefined
      ? {}
      : { headers: mapValues(headers, (words) => ({ description: words, schema: { type: 'string' } })) }),
    ...(content === undefined
      ? {}
      : { content: mapValues(content, (shape) => ({ schema: components.schemaOf(shape, 'output') })) }),
  };
}

function describeProblems(codes: readonly ErrorCode[], components: SchemaComponents): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: components.schemaOf(Problem, 'output') } },
      },
    ]),
  );
}

/** Every code with which an operation may answer. */
function problemCodesOf(operation: Operation): ErrorCode[] {
  const { access, method, path, tag, query, body, errors } = operation;
  const codes = new Set<ErrorCode>(errors);
  if (access === 'token' || access === 'operator') codes.add('unauthenticated');
  if (access === 'operator' || (access === 'token' && method !== 'get')) codes.add('forbidden');
  if (takesIdempotencyKey(operation)) for (const code of KEY_ERRORS) codes.add(code);
  if (body !== NO_BODY) for (const code of BODY_ERRORS) codes.add(code);
  if (Object.keys(query.shape).length > 0) codes.add('invalid-input');
  if (path.startsWith('/v1/') && tag !== 'Session') codes.add('redis-unavailable');
  codes.add('internal');
  return [...codes];
}

const IdempotencyHeader = z.object({ [IDEMPOTENCY_HEADER]: IdempotencyKey });
const KEY_ERRORS = ['idempotency-key-reused', 'request-in-progress'] as const;
const BODY_ERRORS = ['invalid-input', 'body-too-large', 'unsupported-media-type'] as const;

function securityOf({ access }: Operation): Record<string, string[]>[] {
  if (access === 'none') return [];
  const either = [{ token: [] }, { session: [] }];
  return access === 'token' || access === 'operator' ? either : [...either, {}];
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
