/** For who fetches what users name without needing the rest of a platform. */
export { type Egress, openEgress, type PrivateHosts } from './egress.ts';
export { fetchThrough } from './fetch.ts';
export { isPrivateAddress } from './private-address.ts';
