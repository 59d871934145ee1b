import { type Details, groups, phrase, type Rule, type Sight, sign } from '../rule.ts';

export const certificates: readonly Rule[] = [
  {
    cause: 'tls_untrusted',
    fault: 'user',
    stages: ['install', 'source', 'environment', 'package'],
    patterns: [
      sign(
        'certificate',
        /(?:request to|unable to access|GET|Get|[Ff]ailed to fetch:?|downloading|from\/to \S+) ["'(`]?(?<url>https?:\/\/[^\s'"`)]+?)\/?["'`)]?(?::| failed, reason:| error).*(?<reason>self[- ]signed certificate|unable to (?:get|verify)[\w ]*certificate|certificate has expired|server certificate verification failed|SSL certificate problem[^.]*|x509: .+|certificate verify failed|unable to find valid certification path|no alternative certificate subject name.*|certificate is not yet valid|Hostname\/IP does not match)/i,
        93,
        (match) => ({ ...groups(match), ...hostOfUrl(match) }),
      ),
      sign(
        ['self_signed_cert', 'unable_to_verify', 'unable_to_get_issuer', 'cert_has_expired', 'err_tls_cert'],
        /(?<reason>DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID)/,
        88,
        tlsNear,
      ),
      sign(
        [
          'self-signed certificate',
          'self signed certificate',
          'unable to get local issuer',
          'unable to verify the first',
          'certificate has expired',
          'certificate verify failed',
          'certificate_verify_failed',
          'pkix path building failed',
          'unable to find valid certification path',
          'x509: certificate',
          'ssl certificate problem',
          'server certificate verification failed',
          'no alternative certificate',
          'invalid peer certificate',
          'does not match certificate',
          'issuer certificate is invalid',
          'ssl certificate',
        ],
        /(?<reason>self[- ]signed certificate(?: in certificate chain)?|unable to get local issuer certificate|unable to verify the first certificate|certificate has expired|certificate verify failed|CERTIFICATE_VERIFY_FAILED|PKIX path building failed|unable to find valid certification path|x509: certificate .{0,120}|SSL certificate problem.{0,80}|server certificate verification failed|no alternative certificate subject name|invalid peer certificate: \w+)/i,
        86,
        tlsNear,
        { warns: true },
      ),
    ],
    words: ({ host, url, reason }) => ({
      title: `The certificate of ${host ?? url ?? 'the server'} is not trusted`,
      explanation: `It is self-signed, expired, or made by an authority that this host does not know${phrase(' (', reason, ')')}.`,
      fix: 'Have the operator name the authority’s certificate in SWITCHYARD_EXTRA_CA_CERTS, or renew an expired one. Do not switch verification off.',
    }),
  },
];

function tlsNear(match: RegExpExecArray, sight: Sight): Details {
  const { output, at } = sight;
  for (const offset of [0, 1, 2, 3, -1, -2, -3, 4, 5, 6, -4, -5]) {
    const url = /https?:\/\/(?<host>[\w.-]+)(?::\d+)?|host='(?<name>[^']+)'|for [“"']?(?<of>[\w-]+(?:\.[\w-]+)+)/.exec(
      output.lines[at + offset]?.bare ?? '',
    )?.groups;
    const host = url?.['host'] ?? url?.['name'] ?? url?.['of'];
    if (host !== undefined && !/nodejs|docs|github\.com$/.test(host)) return { ...groups(match), host };
  }
  return groups(match);
}

function hostOfUrl(match: RegExpExecArray): Details {
  const host = /^https?:\/\/([^/:]+)/.exec(match.groups?.['url'] ?? '')?.[1];
  return host === undefined ? {} : { host };
}
