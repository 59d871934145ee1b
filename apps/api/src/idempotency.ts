import { createHash, randomUUID } from 'node:crypto';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Caller } from './authentication.ts';
import { ARCHIVE_BODY, type Operation } from './operation.ts';
import type { ApiParts } from './parts.ts';

export const IDEMPOTENCY_HEADER = 'Idempotency-Key';
const REPLAYED_HEADER = 'Idempotency-Replayed';
const KEPT_HEADERS = ['Location', 'Content-Type'];

export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'visible ASCII characters')
  .max(LIMITS.maxIdempotencyKeyLength)
  .optional()
  .meta({
    description:
      'Names this request, for instance with a UUID: sent again within 24 hours, it does nothing more and has the same answer.',
  });

const KeptAnswer = z.object({
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/**
 * Writes take a key; archives don't: they are streamed, and an upload that nothing is deployed from goes by itself. Nor does the operator's
 * work: what it answers with (the tokens of teams) is not kept.
 */
export function takesIdempotencyKey({ method, access, body }: Operation): boolean {
  return method === 'post' && access === 'token' && body !== ARCHIVE_BODY;
}

/**
 * Answers a request once. With a key that was answered before, the answer is the same one again; a request that is being answered is refused
 * with `request-in-progress`, a key of another request with `idempotency-key-reused`. A request that was refused did nothing and leaves
 * its key free. Answers are kept sealed, since one of them holds a webhook's secret.
 *
 * @param respond gets the name under which a deployment is accepted once, also where the api died before it could answer
 */
export async function answerOnce(
  { request, response, body, caller }: { request: Request; response: Response; body: unknown; caller: Caller | null },
  { store, secretBox, farmId, log }: ApiParts,
  respond: (once: string | null) => Promise<void>,
): Promise<void> {
  const sent = IdempotencyKey.safeParse(request.get(IDEMPOTENCY_HEADER));
  if (!sent.success)
    throw new SwitchyardError(
      'invalid-input',
      `${IDEMPOTENCY_HEADER}: 1 to ${LIMITS.maxIdempotencyKeyLength} visible ASCII characters.`,
    );
  if (sent.data === undefined) return await respond(null);
  // Two callers that choose the same key know nothing of each other.
  const team = caller?.team ?? null;
  const key = hash(team === null ? sent.data : `${team} ${sent.data}`);
  const place = { farmId, appId: '', environmentId: '', name: `answer ${key}` };
  const owner = randomUUID();
  const fingerprint = hash(JSON.stringify([request.method, request.originalUrl, body]));
  const begun = await store.idempotency.begin(key, { fingerprint, owner });
  switch (begun.verdict) {
    case 'answered': {
      const { status, headers, body: text } = KeptAnswer.parse(JSON.parse(secretBox.open(place, begun.answer)));
      response.status(status).set(headers).set(REPLAYED_HEADER, 'true').end(text);
      return;
    }
    case 'other':
      throw new SwitchyardError(
        'idempotency-key-reused',
        `This ${IDEMPOTENCY_HEADER} was sent with another request in the last 24 hours. Send a new key with a new request.`,
      );
    case 'running':
      throw new SwitchyardError('request-in-progress', 'This request is being answered; send it again in a moment.');
    case 'run':
      beforeItEnds(response, async (text) => {
        const answer = { status: response.statusCode, headers: keptHeaders(response), body: text };
        const isKept = response.statusCode < 300 && text.length <= LIMITS.maxKeptAnswerBytes;
        await (isKept
          ? store.idempotency.keep(key, owner, secretBox.seal(place, JSON.stringify(answer)))
          : store.idempotency.forget(key, owner)
        ).catch((error: unknown) => log.warn({ err: error, requestId: request.id }, 'the answer of a key is not kept'));
      });
      await respond(hash(`${key} ${fingerprint}`));
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function keptHeaders(response: Response): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = response.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Calls `act` with the whole body before the client sees any of it. For answers that are sent in one piece, which all JSON ones are. */
function beforeItEnds(response: Response, act: (body: string) => Promise<void>): void {
  const end = response.end.bind(response);
  response.end = (...args: unknown[]) => {
    const [chunk] = args;
    const text = typeof chunk === 'string' ? chunk : Buffer.isBuffer(chunk) ? chunk.toString('utf8') : '';
    void act(text).finally(() => void Reflect.apply(end, response, args));
    return response;
  };
}
