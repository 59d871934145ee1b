export * from './blobs.ts';
export * from './config.ts';
export * from './data-directory.ts';
export * from './http-shell.ts';
export * from './log.ts';
export * from './metrics.ts';
export * from './process-life.ts';
export * from './system.ts';
