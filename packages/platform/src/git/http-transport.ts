import type { SourceCredential } from '@switchyard/domain';
import { openForwardProxy } from '../network/forward-proxy.ts';
import type { Address } from './address.ts';
import type { GitPlace } from './git-command.ts';
import type { Transport } from './transport.ts';

/** Reads what is in Git's environment, so that argv and files are free of it. */
const CREDENTIAL_HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$SWITCHYARD_GIT_USERNAME" "$SWITCHYARD_GIT_PASSWORD"; }; f';

/** Through a proxy of this call alone, which checks every address, redirects' included. */
export async function httpTransport(
  { egress }: GitPlace,
  { url }: Extract<Address, { kind: 'http' }>,
  credential: SourceCredential | null,
): Promise<Transport> {
  const proxy = await openForwardProxy(egress);
  const { origin } = new URL(url);
  const hasToken = credential?.kind === 'token';
  return {
    settings: [
      `http.proxy=${proxy.url}`,
      // Git asks a helper by protocol, host and port: what a redirect or a submodule leads to elsewhere is shown nothing.
      ...(hasToken ? [`credential.${origin}.helper=${CREDENTIAL_HELPER}`] : []),
    ],
    env: hasToken ? { SWITCHYARD_GIT_USERNAME: credential.username, SWITCHYARD_GIT_PASSWORD: credential.token } : {},
    failure: () => proxy.refusal,
    ended: async () => {},
    close: () => proxy.close(),
  };
}
