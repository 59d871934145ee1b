import { promisify } from 'node:util';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import express, { type Request, type RequestHandler, type Response } from 'express';

/** Signatures are over the bytes as they were sent, so nothing is unpacked. */
const raw: RequestHandler = express.raw({ limit: LIMITS.maxWebhookBodyBytes, type: () => true, inflate: false });

/** A body's bytes. Rejects when it is too large or compressed. */
export async function readRawBody(request: Request, response: Response): Promise<Buffer> {
  await promisify(raw)(request, response);
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The JSON of a signed body; a form's `payload`, which is what GitHub sends unless it is told otherwise. */
export function parsePayload(body: Buffer, request: Request): unknown {
  const isForm = request.is('application/x-www-form-urlencoded') !== false;
  if (!isForm && request.is('application/json') === false)
    throw new SwitchyardError('unsupported-media-type', 'Set the webhook’s content type to `application/json`.');
  const text = isForm ? (new URLSearchParams(body.toString('utf8')).get('payload') ?? '') : body.toString('utf8');
  try {
    const payload: unknown = JSON.parse(text);
    return payload;
  } catch {
    throw new SwitchyardError('invalid-input', 'The body holds no valid JSON.');
  }
}
