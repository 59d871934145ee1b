import { connect } from 'node:net';

export interface LoadResult {
  readonly requests: number;
  /** Of one request, from its first byte out to its last byte in. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** `connections` visitors that ask again as soon as they are answered. Rejects when any answer is not a whole 200. */
export async function load(options: {
  port: number;
  host: string;
  bytes: number;
  connections: number;
  durationMs: number;
}): Promise<LoadResult> {
  const request = Buffer.from(
    `GET /${options.bytes} HTTP/1.1\r\nHost: ${options.host}\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nCookie: session=0123456789abcdef\r\n\r\n`,
  );
  const times: number[] = [];
  const endAt = performance.now() + options.durationMs;
  const visit = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: options.port, noDelay: true });
      let sentAt = 0;
      let missing = -1;
      let head = Buffer.alloc(0);
      const ask = (): void => {
        sentAt = performance.now();
        missing = -1;
        socket.write(request);
      };
      socket.on('connect', ask);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('a connection was closed')));
      socket.on('data', (chunk) => {
        if (missing === -1) {
          head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
          const end = head.indexOf('\r\n\r\n');
          if (end === -1) return;
          if (head.toString('latin1', 9, 12) !== '200') {
            reject(new Error(head.toString('latin1', 0, end)));
            return;
          }
          missing = options.bytes - (head.length - end - 4);
          head = Buffer.alloc(0);
        } else missing -= chunk.length;
        if (missing > 0) return;
        const now = performance.now();
        times.push(now - sentAt);
        if (now < endAt) ask();
        else {
          socket.removeAllListeners('close').destroy();
          resolve();
        }
      });
    });
  await Promise.all(Array.from({ length: options.connections }, visit));
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { requests: times.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
