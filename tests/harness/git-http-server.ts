import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { z } from 'zod';

const Batch = z.object({ objects: z.array(z.object({ oid: z.string(), size: z.int() })) });

/** One repository of a forge, as it is now; tests change it while Git talks to it. */
export interface HostedRepository {
  /** Directory of a bare or a worked-in repository. */
  directory: string;
  /** Whether everybody may read it. */
  isPublic: boolean;
  /** Tokens that open it. Others are answered with 401; none with 401 too, as forges do it. */
  tokens: Set<string>;
  /** Where requests for it are sent instead. */
  redirectTo: string | null;
  /** LFS objects by their oid. */
  objects: Map<string, Buffer>;
  /** What those who come with credentials are refused with; null: they are not. */
  refuses: ((authorization: string) => string) | null;
}

export interface SeenRequest {
  readonly path: string;
  readonly host: string;
  /** Whether it came with credentials. */
  readonly authorization: string | null;
}

/** Git's own smart HTTP server behind what a forge puts before it: names, tokens, redirects, LFS. */
export interface GitHttpServer {
  readonly port: number;
  readonly seen: SeenRequest[];
  /** Called with every request, before it is answered. */
  onRequest: (request: SeenRequest) => void;
  host(name: string, repository: Partial<HostedRepository> & { directory: string }): HostedRepository;
  url(name: string, host?: string): string;
  close(): Promise<void>;
}

const BACKEND = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

/** Over https where it is given a certificate. */
export async function startGitHttpServer(tls?: { key: Buffer; cert: Buffer }): Promise<GitHttpServer> {
  const repositories = new Map<string, HostedRepository>();
  const seen: SeenRequest[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const one = {
      path: request.url ?? '',
      host: request.headers.host ?? '',
      authorization: request.headers.authorization ?? null,
    };
    seen.push(one);
    gitServer.onRequest(one);
    const name = [...repositories.keys()].find((known) => pathname.startsWith(`/${known}/`));
    const repository = name === undefined ? undefined : repositories.get(name);
    if (name === undefined || repository === undefined) {
      response.writeHead(404).end('Repository not found.\n');
      return;
    }
    const rest = (request.url ?? '').slice(name.length + 1);
    if (repository.refuses !== null && one.authorization !== null) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end(repository.refuses(one.authorization));
      return;
    }
    if (repository.redirectTo !== null) {
      response.writeHead(301, { location: `${repository.redirectTo}${rest}` }).end();
      return;
    }
    if (!mayRead(repository, request)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    if (rest.startsWith('/info/lfs/'))
      serveLfs(repository, rest, gitServer.url(name, new URL(`http://${one.host}`).hostname), request, response);
    else serveGit(repository, rest, request, response);
  };
  const scheme = tls === undefined ? 'http' : 'https';
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  const gitServer: GitHttpServer = {
    port,
    seen,
    onRequest: () => {},
    host(name, given) {
      const repository = {
        isPublic: true,
        tokens: new Set<string>(),
        redirectTo: null,
        objects: new Map(),
        refuses: null,
        ...given,
      };
      repositories.set(name, repository);
      return repository;
    },
    url: (name, host = '127.0.0.1') => `${scheme}://${host}:${port}/${name}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gitServer;
}

function mayRead({ isPublic, tokens }: HostedRepository, { headers }: IncomingMessage): boolean {
  if (isPublic) return true;
  const [, encoded = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
  const [, token] = /^[^:]+:(.*)$/.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return token !== undefined && tokens.has(token);
}

function serveGit(
  { directory }: HostedRepository,
  rest: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname, search } = new URL(rest, 'http://localhost');
  const backend = spawn(BACKEND, [], {
    env: {
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'uploadpack.allowFilter',
      GIT_CONFIG_VALUE_0: 'true',
      GIT_CONFIG_KEY_1: 'safe.directory',
      GIT_CONFIG_VALUE_1: '*',
    },
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => {});
  let head = Buffer.alloc(0);
  let hasHead = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (hasHead) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    hasHead = true;
    for (const line of head.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(': ');
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.write(head.subarray(end + 4));
  });
  backend.stdout.on('end', () => response.end());
}

/** The batch API, and the objects themselves, both behind the repository's own tokens. */
function serveLfs(
  { objects }: HostedRepository,
  rest: string,
  address: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [, oid] = /^\/info\/lfs\/storage\/([0-9a-f]{64})$/.exec(rest) ?? [];
  if (oid !== undefined) {
    const content = objects.get(oid);
    if (content === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': content.length }).end(content);
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (piece: string) => {
    body += piece;
  });
  request.on('end', () => {
    const asked = Batch.parse(JSON.parse(body));
    const answer = asked.objects.map(({ oid: wanted, size }) =>
      objects.has(wanted)
        ? {
            oid: wanted,
            size,
            actions: {
              download: {
                href: `${address}/info/lfs/storage/${wanted}`,
                header: { authorization: request.headers.authorization },
              },
            },
          }
        : { oid: wanted, size, error: { code: 404, message: 'Object does not exist' } },
    );
    response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' });
    response.end(JSON.stringify({ transfer: 'basic', objects: answer }));
  });
}
