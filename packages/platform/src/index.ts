export * from './fake/fake-platform.ts';
export type { KnownHosts } from './git/known-hosts.ts';
export { underLock } from './git/mirror-lock.ts';
export type { PrivateHosts } from './network/egress.ts';
export * from './open-platform.ts';
export * from './platform.ts';
