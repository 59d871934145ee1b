/** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either spelling. */
export type ProxyVariables = Readonly<Record<string, string>>;

/** A proxy of the operator's. `headers` are what it is to be shown. */
export interface Proxy {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

interface Target {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
}

const variable = (variables: ProxyVariables, name: string): string =>
  variables[name.toLowerCase()] ?? variables[name] ?? '';

/** Entries of `NO_PROXY`: `*`, a host, a domain with or without a leading dot or `*.`, each with a port or without. */
function isExcepted(list: string, { host, port }: Target): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', itsPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (itsPort !== undefined && Number(itsPort) !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return domain !== '' && (host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`));
    });
}

/** The proxy that a connection goes through; null: none. */
export function proxyFor(variables: ProxyVariables, target: Target): Proxy | null {
  const text = variable(variables, target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (text === '' || isExcepted(variable(variables, 'NO_PROXY'), target)) return null;
  const whole = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(whole)) return null;
  const url = new URL(whole);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const headers: Record<string, string> =
    user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` };
  return { url, headers };
}
