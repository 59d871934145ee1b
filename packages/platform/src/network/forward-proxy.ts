import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { SwitchyardError } from '@switchyard/domain';
import { connectToProxy, type Egress } from './egress.ts';

/** An HTTP proxy on this machine's loopback through which one command reaches what the egress lets it reach. */
export interface ForwardProxy {
  readonly url: string;
  /** Why a connection was not made: what the command's own words do not tell. */
  readonly refusal: SwitchyardError | null;
  close(): Promise<void>;
}

const HTTP_PORT = 80;

/** Headers that are said between two neighbours only. */
const NEIGHBOURLY = new Set(['proxy-connection', 'proxy-authorization', 'connection', 'keep-alive', 'te', 'upgrade']);

export async function openForwardProxy(egress: Egress): Promise<ForwardProxy> {
  let refusal: SwitchyardError | null = null;
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const refuse = (error: unknown): string => {
    if (error instanceof SwitchyardError) refusal ??= error;
    return error instanceof SwitchyardError && error.code === 'source-address-refused'
      ? '403 Forbidden'
      : '502 Bad Gateway';
  };

  async function tunnel(asked: IncomingMessage, near: Socket, head: Buffer): Promise<void> {
    const target = URL.canParse(`http://${asked.url}`) ? new URL(`http://${asked.url}`) : null;
    try {
      if (target === null) throw new Error('no host');
      const port = Number(target.port) || HTTP_PORT;
      const far = track(await egress.connect({ protocol: 'https:', host: plainHost(target), port }));
      // The command may have gone, and the proxy with it, while the connection was made.
      if (near.destroyed) return void far.destroy();
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) far.write(head);
      near.pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
    } catch (error) {
      near.end(`HTTP/1.1 ${refuse(error)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    }
  }

  async function forward(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(asked.url ?? '');
      if (url.protocol !== 'http:') throw new Error('no http address');
      const port = Number(url.port) || HTTP_PORT;
      const proxy = egress.httpProxy(plainHost(url), port);
      if (proxy !== null) await egress.resolve(plainHost(url)).catch(unlessUnreachable);
      const socket = track(
        proxy === null
          ? await egress.connect({ protocol: 'http:', host: plainHost(url), port })
          : await connectToProxy(proxy),
      );
      if (response.destroyed) return void socket.destroy();
      const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => !NEIGHBOURLY.has(name)));
      const onward = request({
        method: asked.method,
        path: proxy === null ? `${url.pathname}${url.search}` : url.href,
        headers: { ...headers, ...proxy?.headers, connection: 'close' },
        createConnection: () => socket,
      });
      onward.on('response', (answer) => {
        const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !NEIGHBOURLY.has(name)));
        response.writeHead(answer.statusCode ?? 502, kept);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.once('close', () => socket.destroy());
      asked.pipe(onward);
    } catch (error) {
      const [status = '502', reason] = refuse(error).split(' ', 2);
      response.writeHead(Number(status), reason, { connection: 'close' }).end();
    }
  }

  const server = createServer((asked, response) => void forward(asked, response));
  server.on('connect', (asked, near: Socket, head: Buffer) => void tunnel(asked, track(near), head));
  server.on('connection', track);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    get refusal() {
      return refusal;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const plainHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

function unlessUnreachable(error: unknown): void {
  if (!(error instanceof SwitchyardError) || error.code !== 'source-unreachable') throw error;
}
