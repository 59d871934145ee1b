import { OpenSession, Session } from '@switchyard/client';
import { SwitchyardError } from '@switchyard/domain';
import type { CookieOptions } from 'express';
import { z } from 'zod';
import { INVALID_TOKEN, refuseForgery } from '../authentication.ts';
import { NO_BODY, operation } from '../operation.ts';
import type { ApiSettings } from '../parts.ts';
import { SESSION_COOKIE, SESSION_MS } from '../session.ts';

const none = z.object({});

function cookieOptions({ publicUrl }: ApiSettings): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure: publicUrl.startsWith('https://') };
}

const openSession = operation({
  id: 'openSession',
  method: 'post',
  path: '/v1/session',
  tag: 'Session',
  access: 'none',
  summary: 'Open a browser session',
  description: 'Trades the admin token or a team’s for a cookie that scripts can’t read and that counts for 12 hours.',
  params: none,
  query: none,
  body: OpenSession,
  answers: {
    201: {
      description: 'The session is open.',
      content: { 'application/json': Session },
      headers: { 'Set-Cookie': 'The session; HttpOnly, SameSite=Strict.' },
    },
  },
  errors: ['unauthenticated', 'forbidden'],
  async handle({ body, request, response }, { sessions, settings }) {
    refuseForgery(request, settings.publicUrl);
    const holder = await sessions.holderOf(body.token.trim());
    if (holder === null) throw new SwitchyardError('unauthenticated', INVALID_TOKEN);
    const { value, expiresAt } = await sessions.issue(holder);
    response.cookie(SESSION_COOKIE, value, { ...cookieOptions(settings), maxAge: SESSION_MS });
    response.status(201).json({ expiresAt });
  },
});

const closeSession = operation({
  id: 'closeSession',
  method: 'delete',
  path: '/v1/session',
  tag: 'Session',
  access: 'none',
  summary: 'Close the browser session',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 204: { description: 'The cookie is gone.' } },
  errors: ['forbidden'],
  async handle({ request, response }, { settings }) {
    refuseForgery(request, settings.publicUrl);
    response.clearCookie(SESSION_COOKIE, cookieOptions(settings));
    response.status(204).end();
  },
});

export const sessionOperations = [openSession, closeSession];
