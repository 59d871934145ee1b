import type { ErrorCode } from '@switchyard/domain';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Caller } from './authentication.ts';
import type { ApiParts } from './parts.ts';
import { invalidInput } from './problems.ts';

/** For operations whose request has no body. */
export const NO_BODY = z.undefined();

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
/** For operations that read the bytes of the body themselves, since a signature is over them. */
export const RAW_BODY = z.unknown();

/** For the one that takes an archive as it comes. */
export const ARCHIVE_BODY = z.unknown();

/** What an answer holds, for the API's description. */
export interface Answer {
  readonly description: string;
  /** By media type; none for an answer without a body. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Description {
  /** Name in the API's description, and in metrics. */
  readonly id: string;
  readonly method: Method;
  /** With parameters in braces: `/v1/apps/{app}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /**
   * `token`: a token or session is needed; a team's shows its own. `operator`: it has to be the admin's. `optional`: it shows more. `none`: it
   * makes no difference.
   */
  readonly access: 'token' | 'operator' | 'optional' | 'none';
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes beside those that any route may answer with. */
  readonly errors: readonly ErrorCode[];
}

type Fields = z.ZodObject;

export interface Shape<Params extends Fields, Query extends Fields, Body extends z.ZodType> {
  readonly params: Params;
  readonly query: Query;
  readonly headers?: Fields;
  /** An empty body counts as `{}`. */
  readonly body: Body;
}

export interface Input<Params extends Fields, Query extends Fields, Body extends z.ZodType> {
  readonly params: z.infer<Params>;
  readonly query: z.infer<Query>;
  readonly body: z.infer<Body>;
  readonly caller: Caller | null;
  /** Name of the request for what is accepted once, from its `Idempotency-Key`; null without one. */
  readonly once: string | null;
  readonly request: Request;
  readonly response: Response;
}

/** A request before its input is parsed. */
export interface RawInput extends Pick<Input<Fields, Fields, z.ZodType>, 'caller' | 'once' | 'request' | 'response'> {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** One route: its description, from which OpenAPI is made, and how it answers. */
export interface Operation extends Description, Shape<Fields, Fields, z.ZodType> {
  /** Parses the input with the operation's shapes and answers; rejects with `invalid-input` naming every fault. */
  readonly respond: (input: RawInput, parts: ApiParts) => Promise<void>;
}

export function operation<Params extends Fields, Query extends Fields, Body extends z.ZodType>({
  handle,
  ...definition
}: Description &
  Shape<Params, Query, Body> & {
    readonly handle: (input: Input<Params, Query, Body>, parts: ApiParts) => Promise<void>;
  }): Operation {
  return {
    ...definition,
    async respond({ caller, once, request, response, ...raw }, parts) {
      const params = await definition.params.safeParseAsync(raw.params);
      const query = await definition.query.safeParseAsync(raw.query);
      const body = await definition.body.safeParseAsync(raw.body);
      const issues = [params, query, body].flatMap(({ error }) => error?.issues ?? []);
      if (!params.success || !query.success || !body.success) throw invalidInput(issues);
      await handle({ params: params.data, query: query.data, body: body.data, caller, once, request, response }, parts);
    },
  };
}
