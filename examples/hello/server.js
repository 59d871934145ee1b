import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const {
  PORT = '3000',
  HOST = '127.0.0.1',
  SWITCHYARD_APP = 'hello',
  SWITCHYARD_DEPLOYMENT_NUMBER = '',
  SWITCHYARD_COMMIT = '',
  SWITCHYARD_ENVIRONMENT = '',
} = process.env;

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const facts = {
  app: SWITCHYARD_APP,
  deployment: SWITCHYARD_DEPLOYMENT_NUMBER === '' ? 'not deployed' : `#${SWITCHYARD_DEPLOYMENT_NUMBER}`,
  commit: SWITCHYARD_COMMIT === '' ? 'a working copy' : SWITCHYARD_COMMIT.slice(0, 7),
  environment: SWITCHYARD_ENVIRONMENT === '' ? 'this machine' : SWITCHYARD_ENVIRONMENT,
  node: process.version,
  started: `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`,
};
const page = readFileSync(new URL('dist/page.html', import.meta.url), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => escaped(facts[name] ?? ''));

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://hello');
  if (pathname === '/health') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  } else if (pathname === '/') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page);
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not here\n');
  }
});

server.listen(Number(PORT), HOST, () => console.log(`hello listens on ${HOST}:${PORT}`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
