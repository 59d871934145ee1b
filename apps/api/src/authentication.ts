import { CLIENT_HEADER } from '@switchyard/client';
import { SwitchyardError } from '@switchyard/domain';
import type { Request } from 'express';
import { type Holder, SESSION_COOKIE, type Sessions } from './session.ts';

export interface Caller extends Holder {
  readonly kind: 'token' | 'session';
}

/** Who sent this request; null when it shows neither a valid token nor a valid session. A wrong token is not made good by a cookie. */
export async function callerOf(request: Request, sessions: Sessions): Promise<Caller | null> {
  const authorization = request.get('authorization');
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const holder = token === undefined ? null : await sessions.holderOf(token);
    return holder && { kind: 'token', ...holder };
  }
  const cookie = cookieOf(request, SESSION_COOKIE);
  const holder = cookie === undefined ? null : await sessions.sessionOf(cookie);
  return holder && { kind: 'session', ...holder };
}

export const INVALID_TOKEN =
  'This token is not valid. The operator makes tokens for teams; the admin token is in the file `admin-token` of the data directory.';

/** `forbidden` for whoever does not have the admin token. */
export function refuseTeams({ team }: Caller): void {
  if (team !== null)
    throw new SwitchyardError('forbidden', 'This is the operator’s: it takes the admin token, not a team’s.');
}

/** The caller, or `unauthenticated`; `forbidden` for a write with a cookie that another site's page could have caused. */
export async function requireCaller(request: Request, sessions: Sessions, publicUrl: string): Promise<Caller> {
  const caller = await callerOf(request, sessions);
  if (caller === null)
    throw new SwitchyardError(
      'unauthenticated',
      request.get('authorization') === undefined
        ? 'Send a team’s token or the admin token as `Authorization: Bearer …`. The admin token is in the file `admin-token` of the data directory.'
        : INVALID_TOKEN,
    );
  if (caller.kind === 'session') refuseForgery(request, publicUrl);
  return caller;
}

/**
 * Cookies come along with requests that other sites cause, deployed apps on the same domain among them. A header of our own or a JSON
 * body can't be sent from there without being asked first, and we never say yes.
 */
export function refuseForgery(request: Request, publicUrl: string): void {
  const origin = request.get('origin');
  const isWrite = !['GET', 'HEAD'].includes(request.method);
  if (origin !== undefined && !isOwnOrigin(origin, request.get('host'), publicUrl))
    throw new SwitchyardError(
      'forbidden',
      'Requests with a session cookie are taken from Switchyard’s own pages only.',
    );
  if (isWrite && request.get(CLIENT_HEADER) === undefined && !isJson(request))
    throw new SwitchyardError(
      'forbidden',
      `A write with a session cookie needs \`Content-Type: application/json\` or the header \`${CLIENT_HEADER}\`.`,
    );
}

const isJson = (request: Request): boolean => /^application\/json\s*(;|$)/i.test(request.get('content-type') ?? '');

function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false;
  return origin === new URL(publicUrl).origin || new URL(origin).host === host;
}

function cookieOf(request: Request, name: string): string | undefined {
  for (const pair of request.get('cookie')?.split(';') ?? []) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
