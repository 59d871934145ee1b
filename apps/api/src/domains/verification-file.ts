import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { LIMITS, SwitchyardError, VERIFICATION_PATH } from '@switchyard/domain';
import { fetchThrough, isPrivateAddress, openEgress, type PrivateHosts } from '@switchyard/platform/network';
import type { LookUpAddresses } from './dns-lookups.ts';

/** What was found where a host's file is to be; why that is no file, as a sentence that follows on the file's address. */
export type VerificationFile = { readonly content: string } | { readonly problem: string };

/** Asks a host for the file that proves it. Rejects with nothing that the host could bring about. */
export type FetchVerificationFile = (host: string) => Promise<VerificationFile>;

export interface VerificationFileOptions {
  readonly lookUpAddresses: LookUpAddresses;
  readonly allowPrivate: PrivateHosts;
  /** Of plain http. */
  readonly port: number;
  readonly timeoutMs?: number;
}

/** Where a host's file is asked for; `port` stands in it when it is not the usual one. */
export const verificationUrl = (host: string, port: number): URL =>
  new URL(VERIFICATION_PATH, `http://${host}:${port}`);

/**
 * Fetches over plain http, and over https where that redirects to the same file of the same host. The connection is made to an address
 * that was checked: to no private one and none of this machine unless the operator names the host. No proxy is gone through: it would
 * resolve the name once more.
 */
export function verificationFiles({
  lookUpAddresses,
  allowPrivate,
  port,
  timeoutMs = LIMITS.verificationFileTimeoutMs,
}: VerificationFileOptions): FetchVerificationFile {
  const egress = openEgress({ allowPrivate, proxies: {}, lookUp, isPrivate: isPrivateOrOwn });
  let underWay = 0;

  async function lookUp(host: string): Promise<string[]> {
    const found = await lookUpAddresses(host);
    if (found.length === 0) throw new SwitchyardError('source-unreachable', `The DNS has no address of ${host}.`);
    return found;
  }

  async function get(host: string, signal: AbortSignal): Promise<VerificationFile> {
    const response = await fetchThrough(egress, verificationUrl(host, port), {
      method: 'GET',
      headers: { accept: 'text/plain', 'user-agent': 'switchyard' },
      signal,
      certificates: null,
      follow: isSameFile,
    });
    try {
      const { statusCode = 0, headers } = response;
      if (headers.location !== undefined && statusCode >= 300 && statusCode < 400)
        return { problem: 'redirects elsewhere; only the same file over https is followed' };
      if (statusCode !== 200) return { problem: `answers with status ${statusCode}` };
      return await contentOf(response);
    } finally {
      response.destroy();
    }
  }

  return async (host) => {
    if (underWay >= LIMITS.maxVerificationFilesAtOnce)
      return { problem: 'was not asked for, because many others are at this moment; try again in a few seconds' };
    underWay += 1;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await untilAborted(get(host, signal), signal);
    } catch (error) {
      return { problem: problemOf(error, signal) };
    } finally {
      underWay -= 1;
    }
  };
}

/** Whether a redirect goes on to the same file over https, on the port that https has. */
function isSameFile(from: URL, to: URL): boolean {
  return (
    from.protocol === 'http:' &&
    to.protocol === 'https:' &&
    to.hostname === from.hostname &&
    to.port === '' &&
    to.pathname === from.pathname
  );
}

/**
 * What answers at an address of this machine may be an app of this farm: on `local` its processes may listen on any free port that their
 * user may have.
 */
function isPrivateOrOwn(address: string): boolean {
  const own = new BlockList();
  for (const entry of Object.values(networkInterfaces()).flatMap((entries) => entries ?? []))
    own.addAddress(entry.address, kindOf(entry.address));
  return isPrivateAddress(address) || own.check(address, kindOf(address));
}

const kindOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

async function contentOf(response: AsyncIterable<Buffer>): Promise<VerificationFile> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > LIMITS.maxVerificationFileBytes)
      return { problem: `is larger than ${LIMITS.maxVerificationFileBytes} bytes` };
    chunks.push(chunk);
  }
  return { content: Buffer.concat(chunks).toString('utf8').trim() };
}

/** Name servers know no signal. */
function untilAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the time is up')), { once: true });
    value.then(resolve, reject);
  });
}

function problemOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'did not come in time';
  if (error instanceof SwitchyardError && error.code === 'source-address-refused')
    return 'was not asked for, because the host has a private address or leads to Switchyard’s own machine (an operator may allow it with SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES)';
  return `was not reached: ${(error instanceof Error ? error.message : String(error)).replace(/\.$/, '')}`;
}
