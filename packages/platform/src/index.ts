export * from './fake/fake-platform.ts';
export { underLock } from './git/mirror-lock.ts';
export * from './open-platform.ts';
export * from './platform.ts';
