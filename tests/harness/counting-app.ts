import { nodeApp } from './node-app.ts';
import type { Files } from './repository.ts';

export interface CountingAppOptions {
  readonly version: number;
  /** Where migrations and starts leave their lines, outside of everything Switchyard owns; see `linesOf`. */
  readonly directory: string;
  readonly buildMs?: number;
  readonly migrateMs?: number;
  /** What is wrong with this version, if anything is. */
  readonly fails?: 'build' | 'migrate' | 'health';
  readonly migrates?: boolean;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(2);

/**
 * An app whose effects are counted outside: its migration and its start append a line with their deployment's id. It answers `/` with its
 * version, and `/slow` with it after 700 ms.
 */
export function countingApp(options: CountingAppOptions): Files {
  const { version, directory, buildMs = 200, migrateMs = 0, fails, migrates = true } = options;
  const migration = `sh -c 'echo $SWITCHYARD_DEPLOYMENT_ID >> ${directory}/migrated; sleep ${seconds(migrateMs)}; exit ${fails === 'migrate' ? 1 : 0}'`;
  return {
    ...nodeApp({
      says: '',
      build: `sh -c 'sleep ${seconds(buildMs)}; mkdir -p dist; echo ${version} > dist/built; exit ${fails === 'build' ? 1 : 0}'`,
      ...(migrates ? { migrate: migration } : {}),
    }),
    ...(fails === 'health'
      ? { 'switchyard.json': '{"health":{"path":"/health","timeLimitMs":8000}}\n' }
      : { 'switchyard.json': '{}\n' }),
    'server.js': `
const http = require('node:http');
require('node:fs').appendFileSync('${directory}/started', process.env.SWITCHYARD_DEPLOYMENT_ID + '\\n');
const version = require('node:fs').readFileSync('dist/built', 'utf8').trim();
const server = http.createServer((request, response) => {
  if (request.url === '/health') { response.statusCode = ${fails === 'health' ? 500 : 200}; return response.end('ok'); }
  if (request.url === '/slow') return setTimeout(() => response.end(version), 700);
  response.end(version);
});
server.listen(Number(process.env.PORT), process.env.HOST);
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
`,
  };
}
