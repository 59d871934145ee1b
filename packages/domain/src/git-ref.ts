import { z } from 'zod';
import { LIMITS } from './limits.ts';

/**
 * Whether a text can name a branch, a tag or a commit: Git's own rules (git-check-ref-format), and nothing that a command line could
 * read as an option.
 */
export function isGitRef(text: string): boolean {
  if (text.length === 0 || text.length > LIMITS.maxRefLength) return false;
  if (text.startsWith('-') || text.startsWith('/') || text.endsWith('/') || text.endsWith('.') || text === '@')
    return false;
  if (/[\s\p{Cc}\p{Cf}\p{Cs}~^:?*[\\]/u.test(text) || /\.\.|@\{|\/\//.test(text)) return false;
  return text.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}

export const GitRef = z
  .string()
  .min(1)
  .max(LIMITS.maxRefLength)
  .refine(isGitRef, 'not the name of a branch, a tag or a commit')
  .meta({ description: 'A branch, a tag or a commit.', example: 'main' });
