import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** One of several processes that answer the same: where it serves, and where it says whether it wants requests. */
export interface Backend {
  readonly port: number;
  readonly readyPort: number;
}

export interface Balancer {
  readonly port: number;
  readonly url: string;
  /** Requests that a client saw fail: none wanted it, or a connection broke where no balancer may try again. */
  readonly failures: readonly string[];
  /** Answers passed on. */
  readonly answered: number;
  stop(): Promise<void>;
}

const LOOK_MS = 100;
const NOT_SENT = new Set(['ECONNREFUSED', 'EHOSTUNREACH']);

/**
 * A balancer in front of several processes, as simple as they come: it asks each for its readiness every 100 ms, keeps connections, gives
 * each request to the next one that is ready, and tries another where a connection was refused, or where a kept one broke before an answer
 * and the request has no body (as nginx and HAProxy do).
 */
export async function startBalancer(backends: readonly Backend[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<Backend>();
  const failures: string[] = [];
  let answered = 0;
  let turn = 0;

  const look = async (): Promise<void> => {
    for (const backend of backends) {
      const isReady = await fetch(`http://127.0.0.1:${backend.readyPort}/readyz`, {
        signal: AbortSignal.timeout(1_000),
      }).then(
        async (answer) => {
          await answer.arrayBuffer();
          return answer.ok;
        },
        () => false,
      );
      if (isReady) ready.add(backend);
      else ready.delete(backend);
    }
  };
  await look();
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = look();
  }, LOOK_MS);

  function pass(incoming: IncomingMessage, outgoing: ServerResponse, tried: ReadonlySet<Backend>): void {
    const candidates = [...(ready.size > 0 ? ready : backends)].filter((backend) => !tried.has(backend));
    const backend = candidates[turn++ % candidates.length];
    const fail = (why: string): void => {
      failures.push(`${incoming.method} ${incoming.headers.host}${incoming.url}: ${why}`);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    };
    if (backend === undefined) {
      fail('nobody takes it');
      return;
    }
    const hasBody =
      incoming.headers['content-length'] !== undefined || incoming.headers['transfer-encoding'] !== undefined;
    const asking = request(
      {
        host: '127.0.0.1',
        port: backend.port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, connection: 'keep-alive' },
        agent,
      },
      (answer) => {
        const { connection: _connection, 'keep-alive': _keep, ...headers } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(outgoing);
        answer.on('end', () => (answered += 1));
        answer.on('error', (error) => fail(`the answer broke off: ${error.message}`));
      },
    );
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.destroyed || outgoing.headersSent) return;
      const mayTryAgain = NOT_SENT.has(error.code ?? '') || (asking.reusedSocket && !hasBody);
      if (mayTryAgain) pass(incoming, outgoing, new Set([...tried, backend]));
      else fail(error.message);
    });
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) asking.destroy();
    });
    incoming.pipe(asking);
  }

  const server = createServer((incoming, outgoing) => pass(incoming, outgoing, new Set()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP address was expected');
  const { port } = address;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    failures,
    get answered() {
      return answered;
    },
    async stop() {
      clearInterval(timer);
      await looking;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}
