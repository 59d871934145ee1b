import { createHmac } from 'node:crypto';
import { type Clock, TEAM_TOKEN_PREFIX, TeamId } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { isSameText } from './same-text.ts';
import { teamTokenHash } from './team-tokens.ts';

export const SESSION_COOKIE = 'switchyard_session';
export const SESSION_MS = 12 * 60 * 60 * 1_000;

/** For whom a token or a session stands: a team, or the operator, whose the farm is. */
export interface Holder {
  readonly team: TeamId | null;
}

/** Who may use the api: the holders of the admin token, of a team's token, or of a cookie that was given for one of them. */
export interface Sessions {
  /** Whose token it is; null where it is nobody's. The admin token is known without Redis. */
  holderOf(token: string): Promise<Holder | null>;
  /** The cookie's value, and when it stops counting. A new token ends the sessions that the one before it opened. */
  issue(holder: Holder): Promise<{ value: string; expiresAt: number }>;
  sessionOf(cookie: string): Promise<Holder | null>;
}

export function createSessions(
  adminToken: string,
  clock: Clock,
  teams: Pick<Store['teams'], 'byToken' | 'tokenHashOf'>,
): Sessions {
  const key = createHmac('sha256', adminToken).update('switchyard session 1').digest();

  /** Over the token that counts now; null where the team has none. */
  async function sign(expiresAt: string, { team }: Holder): Promise<string | null> {
    if (team === null) return createHmac('sha256', key).update(expiresAt).digest('base64url');
    const tokenHash = await teams.tokenHashOf(team);
    if (tokenHash === null) return null;
    return createHmac('sha256', key).update(`${expiresAt} ${team} ${tokenHash}`).digest('base64url');
  }

  return {
    async holderOf(token) {
      if (isSameText(token, adminToken)) return { team: null };
      if (!token.startsWith(TEAM_TOKEN_PREFIX)) return null;
      // Found by its digest: how long that takes says nothing about tokens that are close.
      const team = await teams.byToken(teamTokenHash(token));
      return team === null ? null : { team };
    },

    async issue(holder) {
      const expiresAt = clock() + SESSION_MS;
      const signature = await sign(String(expiresAt), holder);
      if (signature === null) throw new Error('a session is opened with a token');
      return { value: [expiresAt, ...(holder.team === null ? [] : [holder.team]), signature].join('.'), expiresAt };
    },

    async sessionOf(cookie) {
      const [, expiresAt, team, signature] = /^(\d{1,15})\.(?:(team_\w{1,64})\.)?([\w-]{43})$/.exec(cookie) ?? [];
      if (expiresAt === undefined || signature === undefined || Number(expiresAt) <= clock()) return null;
      const claimed = TeamId.nullable().safeParse(team ?? null);
      if (!claimed.success) return null;
      const holder = { team: claimed.data };
      const expected = await sign(expiresAt, holder);
      return expected !== null && isSameText(signature, expected) ? holder : null;
    },
  };
}
