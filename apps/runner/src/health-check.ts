import { LIMITS } from '@switchyard/domain';
import { request } from 'undici';
import { decideHealth, goesOn, type HealthVerdict, type ProbeResult, pathsToProbe } from './health-decision.ts';
import type { Address } from './reachable-address.ts';

const TIMED_OUT = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ABORT_ERR',
  'UND_ERR_ABORTED',
]);
const REFUSED = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'EADDRNOTAVAIL',
]);

const urlOf = ({ host, port }: Address, path: string): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;

function resultOf(error: unknown): ProbeResult {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (TIMED_OUT.has(code) || (error instanceof Error && error.name === 'TimeoutError')) return { kind: 'timed-out' };
  if (REFUSED.has(code)) return { kind: 'refused' };
  return { kind: 'not-http', message: error instanceof Error ? error.message : String(error) };
}

/** One GET on a connection of its own; redirects are not followed, the body is not read. */
async function probe(address: Address, path: string, host: string): Promise<ProbeResult> {
  try {
    const { statusCode, body } = await request(urlOf(address, path), {
      headers: { host, 'user-agent': 'Switchyard-Health/1', accept: '*/*' },
      signal: AbortSignal.timeout(LIMITS.healthProbeTimeoutMs),
      reset: true,
    });
    body.destroy();
    body.on('error', () => undefined);
    return { kind: 'answered', status: statusCode };
  } catch (error) {
    return resultOf(error);
  }
}

/** Asks an instance how it is: the set path, or the guessed ones in turn. `host` is what visitors will ask for. */
export async function checkHealth(address: Address, path: string | null, host: string): Promise<HealthVerdict> {
  let verdict: HealthVerdict = {
    healthy: false,
    failure: 'nothing-listens',
    path: null,
    status: null,
    message: 'It was not asked.',
  };
  for (const asked of pathsToProbe(path)) {
    const result = await probe(address, asked, host);
    verdict = decideHealth(path, asked, result);
    if (verdict.healthy || !goesOn(path, result)) break;
  }
  return verdict;
}
