import { createServer } from 'node:http';

/** The app behind every proxy: `/1024` answers 1,024 bytes. Tells its parent the port. */

const bodies = new Map<string, Buffer>();

const server = createServer({ keepAliveTimeout: 60_000 }, ({ url = '/0' }, response) => {
  let body = bodies.get(url);
  if (body === undefined) {
    body = Buffer.alloc(Number(url.slice(1)), 'x');
    bodies.set(url, body);
  }
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});
process.once('disconnect', () => process.exit());
