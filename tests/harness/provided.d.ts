import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The run's own Redis, password included. A test keeps to keys under a prefix of its own. */
    redisUrl: string;
  }
}
