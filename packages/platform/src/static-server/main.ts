import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { staticServer } from './static-server.ts';

/** `main.js <directory> <host> <port> [--spa]`: what runs for a plain static site, in the app's own directory. */
const [directory = '.', host = '127.0.0.1', port = '0', flag] = process.argv.slice(2);

/** Links inside a site are the server's to judge; a site that is itself a link out of the app would serve the machine. */
function siteInside(app: string): string | null {
  const site = realpathSync(resolve(app, directory));
  return site === app || site.startsWith(app + sep) ? site : null;
}

const site = siteInside(realpathSync('.'));
if (site === null) {
  console.error(`The directory ${directory} leads out of the repository.`);
  process.exit(1);
}

const server = staticServer({ directory: site, spa: flag === '--spa' });
server.listen(Number(port), host, () => {
  console.log(`Serving ${directory} on http://${host}:${port}`);
});

process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
