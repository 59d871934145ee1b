import { createHash, randomBytes } from 'node:crypto';
import { TEAM_TOKEN_PREFIX } from '@switchyard/domain';

const TOKEN_BYTES = 32;

/** What is kept of a token. It has 256 random bits: nobody finds it by trying, so one round of SHA-256 is enough. */
export const teamTokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

export function newTeamToken(): { token: string; tokenHash: string } {
  const token = `${TEAM_TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  return { token, tokenHash: teamTokenHash(token) };
}
