import type { Files } from './repository.ts';

export interface NodeAppOptions {
  /** What `/` answers. */
  readonly says: string;
  /** Shell lines of the build script; the default writes dist/built. */
  readonly build?: string;
  /** A release command in the Procfile. */
  readonly migrate?: string;
  /** JavaScript that runs at start, before it listens. */
  readonly atStart?: string;
  /** Status of /health. */
  readonly healthStatus?: number;
}

/**
 * A small Node app without a download: its one dependency is a directory of its own, so that install and its cache are real. It runs on
 * the Node that runs the tests.
 */
export function nodeApp({ says, build, migrate, atStart = '', healthStatus = 200 }: NodeAppOptions): Files {
  return {
    'package.json': `${JSON.stringify(
      {
        name: 'tested-app',
        version: '1.0.0',
        private: true,
        engines: { node: '>=20' },
        scripts: { build: build ?? 'mkdir -p dist && echo built > dist/built', start: 'node server.js' },
        dependencies: { greet: 'file:vendor/greet' },
      },
      null,
      2,
    )}\n`,
    'package-lock.json': `${JSON.stringify(
      {
        name: 'tested-app',
        version: '1.0.0',
        lockfileVersion: 3,
        requires: true,
        packages: {
          '': {
            name: 'tested-app',
            version: '1.0.0',
            dependencies: { greet: 'file:vendor/greet' },
            engines: { node: '>=20' },
          },
          'node_modules/greet': { resolved: 'vendor/greet', link: true },
          'vendor/greet': { version: '1.0.0' },
        },
      },
      null,
      2,
    )}\n`,
    'vendor/greet/package.json': `${JSON.stringify({ name: 'greet', version: '1.0.0', main: 'index.js' })}\n`,
    'vendor/greet/index.js': 'module.exports = (text) => text;\n',
    'server.js': `
const http = require('node:http');
const greet = require('greet');
${atStart}
const server = http.createServer((request, response) => {
  if (request.url === '/health') { response.statusCode = ${healthStatus}; return response.end('ok'); }
  response.end(greet(${JSON.stringify(says)}));
});
server.listen(Number(process.env.PORT), process.env.HOST);
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
`,
    ...(migrate === undefined ? {} : { Procfile: `release: ${migrate}\n` }),
  };
}
