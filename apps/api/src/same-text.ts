import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether two texts are the same, for secrets: comparing digests takes the same time whatever is sent, its length included. */
export const isSameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
