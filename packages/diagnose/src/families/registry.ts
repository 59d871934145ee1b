import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';
import { reached, withPackage } from './registry-address.ts';

export const registry: readonly Rule[] = [
  {
    cause: 'registry_auth',
    fault: 'user',
    stages: ['install', 'package', 'environment'],
    patterns: [
      {
        hints: ['e401', 'e403'],
        regex: /^code (?<code>E401|E403)/,
        weight: 84,
        take: (match, sight) => ({ ...groups(match), ...reached(match, sight), ...variable(sight) }),
      },
      {
        hints: ['unable to authenticate'],
        regex: /Unable to authenticate, (?:your authentication token|need)/,
        weight: 80,
        take: (_, sight) => ({ code: 'E401', ...variable(sight) }),
      },
      {
        hints: ['401 unauthorized', '403 forbidden'],
        regex: /(?<code>401 Unauthorized|403 Forbidden) - GET (?<url>https?:\/\/\S+)/,
        weight: 90,
        take: withPackage,
      },
      {
        hints: ['authentication required to access'],
        regex: /authentication required to access (?<package>\S+)/i,
        weight: 90,
        take: groups,
      },
      {
        hints: ['err_pnpm_fetch_401', 'err_pnpm_fetch_403'],
        regex: /ERR_PNPM_FETCH_(?<code>401|403)\s+GET (?<url>https?:\/\/\S+?):? /,
        weight: 92,
        take: (match, sight) => ({ ...withPackage(match), ...variable(sight) }),
      },
      {
        hints: ['failed to replace env in config'],
        regex: /Failed to replace env in config: \$\{(?<variable>\w+)\}/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['unauthorized'],
        regex: /Get "?(?<url>https?:\/\/[^"\s]+\/v2\/)"?: unauthorized/,
        weight: 85,
        take: groups,
      },
      {
        hints: ['invalid authentication'],
        regex: /YN0041|Invalid authentication \(as an? (?<identity>[^)]+)\)/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ package: name, url, code, variable: token }) => ({
      title: `The registry refused access${phrase(' to ', name ?? url)}${phrase(' (', code, ')')}`,
      explanation:
        token === undefined
          ? String(code).includes('403')
            ? 'The token is known, and may not read this package.'
            : 'No token was sent, or it is not valid any more.'
          : `.npmrc takes the token from the variable ${token}, which is not set here: its name was sent instead of a token.`,
      fix:
        token === undefined
          ? `Put a valid token with read access for ${name ?? 'the package'} into .npmrc, through a variable of this app.`
          : `Set the variable ${token} for this app (scope: build).`,
    }),
  },
  {
    cause: 'registry_unreachable',
    fault: 'transient',
    stages: ['install', 'environment'],
    onlyThere: true,
    patterns: [
      {
        hints: ['network request to'],
        regex: /network request to (?<url>https?:\/\/\S+) failed, reason: (?<reason>.+)/,
        weight: 86,
        take: withPackage,
      },
      {
        hints: ['failed, reason:'],
        regex:
          /request to (?<url>https?:\/\/\S+) failed, reason: (?<reason>(?!.*certificate).*(?:ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|timeout|hang up).*)/,
        weight: 85,
        take: withPackage,
      },
      {
        hints: ['internal server error', 'bad gateway', 'service unavailable', 'gateway time', 'too many requests'],
        regex:
          /(?<status>429|5\d\d) (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out|Too Many Requests)(?: - GET (?<url>https?:\/\/\S+))?/i,
        weight: 84,
        take: withPackage,
      },
      {
        hints: ['. will retry in'],
        regex:
          /GET (?<url>https?:\/\/\S+) error \((?<reason>429|5\d\d|ECONN\w+|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ERR_SOCKET_TIMEOUT)\)/,
        weight: 70,
        take: withPackage,
      },
      {
        hints: ['err_pnpm_fetch_429', 'err_pnpm_fetch_5', 'err_pnpm_meta_fetch_fail'],
        regex:
          /ERR_PNPM_(?:FETCH_(?<status>429|5\d\d)|META_FETCH_FAIL)\s+GET (?<url>https?:\/\/[^\s:]+(?::\d+)?[^\s:]*)(?:.*reason: (?<reason>.+))?/,
        weight: 88,
        take: withPackage,
      },
      {
        hints: ['error when performing the request'],
        regex: /Error when performing the request to (?<url>https?:\/\/[^\s;]+)/,
        weight: 86,
        take: withPackage,
      },
      {
        hints: ['getaddrinfo', 'econnreset', 'etimedout', 'econnrefused'],
        regex: /^(?:code|errno) (?<reason>EAI_AGAIN|ENOTFOUND|ECONNRESET|ETIMEDOUT|ECONNREFUSED|ERR_SOCKET_TIMEOUT)/,
        weight: 78,
        take: (match, sight) => ({ ...groups(match), ...hostOf(sight), ...reached(match, sight) }),
      },
      {
        hints: ['there appears to be trouble with your network'],
        regex: /There appears to be trouble with your network connection/,
        weight: 55,
      },
    ],
    words: ({ url, host, reason, status }) => ({
      title: `The package registry could not be reached${phrase(': ', url ?? host)}`,
      explanation:
        `${phrase('It answered ', status, '. ')}${phrase('The reason is ', reason, '. ')}This is the network, a proxy or the registry itself, not the project.`.trim(),
      fix: `It is tried again by itself. If it stays: can this host reach ${host ?? url ?? 'the registry'} (DNS, firewall, proxy)? Does its status page report trouble?`,
    }),
  },
  {
    cause: 'tls_untrusted',
    fault: 'user',
    stages: ['install', 'source'],
    patterns: [
      {
        hints: ['certificate'],
        regex:
          /(?:request to|unable to access|GET) '?(?<url>https?:\/\/[^\s']+?)\/?'?(?::| failed, reason:| error).*(?<reason>self-signed certificate|unable to (?:get|verify)[\w ]*certificate|certificate has expired|server certificate verification failed|SSL certificate problem[^.]*)/i,
        weight: 93,
        take: (match) => ({ ...groups(match), ...hostOfUrl(match) }),
      },
      {
        hints: ['self_signed_cert', 'unable_to_verify', 'unable_to_get_issuer', 'cert_has_expired'],
        regex:
          /(?<reason>DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|CERT_HAS_EXPIRED)/,
        weight: 85,
        take: groups,
      },
    ],
    words: ({ host, url, reason }) => ({
      title: `The certificate of ${host ?? url ?? 'the server'} is not trusted`,
      explanation: `It is self-signed, expired, or made by an authority that this host does not know${phrase(' (', reason, ')')}.`,
      fix: 'Have the operator name the authority’s certificate in SWITCHYARD_EXTRA_CA_CERTS, or renew an expired one. Do not switch verification off.',
    }),
  },
  {
    cause: 'download_failed',
    fault: 'transient',
    stages: ['install', 'build', 'package'],
    patterns: [
      {
        hints: ['failed to set up chrome'],
        regex:
          /Failed to (?:set up|download) (?<tool>Chrome(?: for Testing)?|Chromium|Firefox)[^!]*!(?:.*"(?<skip>\w+)" env)?/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['download.cypress.io', 'the cypress app could not be downloaded'],
        regex: /(?:The (?<tool>Cypress) App could not be downloaded|(?<host>download\.cypress\.io))/,
        weight: 92,
        take: (match) => ({ ...groups(match), tool: 'cypress' }),
      },
      {
        hints: ['binaries.prisma.sh', 'failed to fetch the engine file'],
        regex: /Failed to fetch (?:the engine file|sha256 checksum) at (?<url>https?:\/\/\S+)/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['failed to download'],
        regex: /[Ff]ailed to download (?<url>https?:\/\/\S+)/,
        weight: 75,
        take: groups,
      },
    ],
    words: ({ tool, url, host, skip }) => ({
      title: `${tool ?? url ?? host ?? 'A file'} could not be downloaded`,
      explanation: `A dependency fetches something from outside the registry while it installs${phrase(', from ', url ?? host)}, and could not.`,
      fix: `It is tried again by itself. If this host may not reach ${host ?? url ?? 'that address'}: set the tool’s mirror variable${phrase(', or ', skip, '=1')} to do without it.`,
    }),
  },
];

function variable({ output }: Sight): Details {
  for (const { bare } of output.lines) {
    const name = /Failed to replace env in config: \$\{(\w+)\}/.exec(bare)?.[1];
    if (name !== undefined) return { variable: name };
  }
  return {};
}

function hostOf({ search }: Sight): Details {
  const found = search(/getaddrinfo \w+ (?<host>[\w.-]+)|request to https?:\/\/(?<other>[\w.-]+)/, 12);
  const host = found?.groups?.['host'] ?? found?.groups?.['other'];
  return host === undefined ? {} : { host };
}

function hostOfUrl(match: RegExpExecArray): Details {
  const host = /^https?:\/\/([^/:]+)/.exec(match.groups?.['url'] ?? '')?.[1];
  return host === undefined ? {} : { host };
}
