export * from './open-platform.ts';
export * from './platform.ts';
