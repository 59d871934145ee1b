import { z } from 'zod';
import type { StoreContext } from './context.ts';

/**
 * `run`: nobody has asked this before, or who did has died; answer it. `running`: another one is answering it. `other`: the key belongs to
 * a request for something else. `answered`: this was the answer.
 */
export type RequestVerdict =
  | { readonly verdict: 'run' | 'running' | 'other' }
  | { readonly verdict: 'answered'; readonly answer: string };

/** Requests that are answered once, however often they are sent. Forgotten after `LIMITS.idempotencyMemoryMs`. */
export interface IdempotencyRecords {
  /** `fingerprint` tells requests apart; `owner` is new with each attempt to answer. */
  begin(key: string, request: { fingerprint: string; owner: string }): Promise<RequestVerdict>;
  /** Nothing happens where another owner has taken the request over. */
  keep(key: string, owner: string, answer: string): Promise<void>;
  /** Frees the key of a request that did nothing. */
  forget(key: string, owner: string): Promise<void>;
}

const Answered = z.union([
  z.tuple([z.enum(['run', 'running', 'other'])]).transform(([verdict]) => ({ verdict })),
  z.tuple([z.literal('answered'), z.string()]).transform(([verdict, answer]) => ({ verdict, answer })),
]);

export function idempotencyRecords({ clock, run }: StoreContext): IdempotencyRecords {
  return {
    async begin(key, { fingerprint, owner }) {
      return Answered.parse(await run('beginRequest', clock(), key, fingerprint, owner));
    },
    async keep(key, owner, answer) {
      await run('keepAnswer', clock(), key, owner, answer);
    },
    async forget(key, owner) {
      await run('forgetRequest', clock(), key, owner);
    },
  };
}
