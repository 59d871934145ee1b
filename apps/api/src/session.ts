import { createHmac } from 'node:crypto';
import type { Clock } from '@switchyard/domain';
import { isSameText } from './same-text.ts';

export const SESSION_COOKIE = 'switchyard_session';
export const SESSION_MS = 12 * 60 * 60 * 1_000;

/** Who may use the api: the holder of the admin token, or of a cookie that was given for it. */
export interface Sessions {
  isToken(candidate: string): boolean;
  /** The cookie's value, and when it stops counting. A new admin token ends all sessions. */
  issue(): { value: string; expiresAt: number };
  isSession(value: string): boolean;
}

export function createSessions(adminToken: string, clock: Clock): Sessions {
  const key = createHmac('sha256', adminToken).update('switchyard session 1').digest();
  const sign = (expiresAt: string): string => createHmac('sha256', key).update(expiresAt).digest('base64url');
  return {
    isToken: (candidate) => isSameText(candidate, adminToken),
    issue() {
      const expiresAt = clock() + SESSION_MS;
      return { value: `${expiresAt}.${sign(String(expiresAt))}`, expiresAt };
    },
    isSession(value) {
      const [, expiresAt, signature] = /^(\d{1,15})\.([\w-]{43})$/.exec(value) ?? [];
      if (expiresAt === undefined || signature === undefined) return false;
      return isSameText(signature, sign(expiresAt)) && Number(expiresAt) > clock();
    },
  };
}
