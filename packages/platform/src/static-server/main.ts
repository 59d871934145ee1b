import { resolve } from 'node:path';
import { staticServer } from './static-server.ts';

/** `main.js <directory> <host> <port> [--spa]`: what `local` runs for a plain static site. */
const [directory = '.', host = '127.0.0.1', port = '0', flag] = process.argv.slice(2);

const server = staticServer({ directory: resolve(directory), spa: flag === '--spa' });
server.listen(Number(port), host, () => {
  console.log(`Serving ${directory} on http://${host}:${port}`);
});

process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
