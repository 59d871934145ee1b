import { type Clock, type Ids, idsFrom } from '@switchyard/domain';
import { customAlphabet } from 'nanoid';

/** The clock and the ids of a real process; tests and simulations pass their own. */
export const systemClock: Clock = () => Date.now();

export const systemIds: Ids = idsFrom(customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'));

/** The version that processes report. */
export const VERSION = '0.1.0';
