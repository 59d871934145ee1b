import type { Deployment, Plan } from '@switchyard/domain';

/** What detection would have decided: a Node app with dependencies, a build, and in most deployments a migration. */
export function planOf({ number }: Pick<Deployment, 'number'>): Plan {
  return {
    v: 1,
    language: 'node',
    framework: null,
    root: '.',
    runtime: { name: 'node', wanted: '24' },
    packageManager: null,
    install: { command: 'npm ci', inputs: ['package-lock.json'] },
    build: { command: 'npm run build', lifecycle: [] },
    migrate: number % 4 === 0 ? null : { command: 'node migrate.js' },
    start: { kind: 'command', command: 'node server.js' },
    health: { path: null, timeLimitMs: 10_000 },
    warnings: [],
    persist: [],
    reasons: [],
  };
}
