import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

/** `@acme%2fcore` in an address is `@acme/core`. */
function readable(text: string): string {
  return text.replaceAll(/%2f/gi, '/');
}

function withPackage(match: RegExpExecArray): Details {
  const details = groups(match);
  const url = typeof details['url'] === 'string' ? readable(details['url']) : undefined;
  const named = url === undefined ? undefined : packageOf(url);
  return {
    ...details,
    ...(url === undefined ? {} : { url }),
    ...(named === undefined || details['package'] !== undefined ? {} : { package: named }),
  };
}

/** `https://host/@scope/name/-/name-1.0.0.tgz` is about `@scope/name`. */
function packageOf(url: string): string | undefined {
  return /^https?:\/\/[^/]+\/(?:.*\/)?(?=@|[^/]+(?:\/-\/|$))((?:@[^/]+\/)?[^/]+)(?:\/-\/[^/]*)?$/.exec(url)?.[1];
}

function reached(_: RegExpExecArray, { search }: Sight): Details {
  const after = search(/(?<url>https?:\/\/[^\s'",)]+)/, 6);
  return after === null ? {} : withPackage(after);
}

export const registry: readonly Rule[] = [
  {
    cause: 'package_not_found',
    fault: 'user',
    stages: ['install', 'environment'],
    patterns: [
      { hints: ['404'], regex: /404 Not Found - GET (?<url>https?:\/\/\S+)/, weight: 88, take: withPackage },
      {
        hints: ['is not in this registry', 'is not in the npm registry'],
        regex: /'(?<package>(?:@[^@\s/]+\/)?[^@\s']+)@[^']*' is not in (?:this|the npm) registry/,
        weight: 86,
        take: groups,
      },
      {
        hints: ['err_pnpm_fetch_404'],
        regex: /ERR_PNPM_FETCH_404\s+GET (?<url>https?:\/\/[^\s:]+(?::\d+)?[^\s:]*)/,
        weight: 90,
        take: withPackage,
      },
      { hints: ['- 404'], regex: /GET (?<url>https?:\/\/\S+) - 404/, weight: 88, take: withPackage },
      {
        hints: ["couldn't find package"],
        regex: /Couldn't find package "(?<package>[^"]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['package not found'],
        regex: /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@[^:\s]+: Package not found/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ package: name, url }) => ({
      title: `The registry has no package ${name ?? ''}`.trim(),
      explanation: `${url ?? 'The registry'} answered 404: the name is misspelt, the package was unpublished, or it is private and this registry is the wrong one for it.`,
      fix: `Check the name ${name ?? ''} in package.json. If it is private, name its registry in .npmrc${typeof name === 'string' && name.startsWith('@') ? ` (\`${name.split('/')[0]}:registry=…\`)` : ''} and give a token.`,
    }),
  },
  {
    cause: 'version_not_found',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['no matching version found for'],
        regex: /No matching version found for (?<package>(?:@[^@\s/]+\/)?[^@\s]+)@(?<wanted>[^\s]+?)\.?(?=\s|$)/,
        weight: 90,
        take: latest,
      },
      {
        hints: ["couldn't find any versions for"],
        regex: /Couldn't find any versions for "(?<package>[^"]+)" that matches "(?<wanted>[^"]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['no_mature_matching_version'],
        regex: /Version (?<wanted>\S+) .* of (?<package>\S+) does not meet the minimumReleaseAge/,
        weight: 92,
        take: latest,
      },
      {
        hints: ['no matching distribution found'],
        regex: /No matching distribution found for (?<package>[\w.-]+)==?(?<wanted>\S+)/,
        weight: 80,
        take: groups,
      },
      {
        hints: ['no candidates found', 'no candidates'],
        regex: /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@(?:npm:)?(?<wanted>[^:\s]+): No candidates found/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['failed to resolve'],
        regex: /No version matching "(?<wanted>[^"]+)" found for specifier "(?<package>[^"]+)"/,
        weight: 90,
        take: groups,
      },
    ],
    words: ({ package: name, wanted, latest: newest }) => ({
      title: `There is no ${name ?? 'package'} in version ${wanted ?? 'asked for'}`,
      explanation: `The package exists, this version of it does not (or is held back by a rule on its age)${phrase('; the newest is ', newest)}.`,
      fix: `Set ${name ?? 'it'} in package.json to a version that exists${phrase(', for example ', newest)}, install locally, and commit the lockfile.`,
    }),
  },
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
        take: withPackage,
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
    cause: 'integrity_mismatch',
    fault: 'transient',
    stages: ['install'],
    patterns: [
      { hints: ['eintegrity'], regex: /EINTEGRITY/, weight: 80, take: reached },
      {
        hints: ['tarball_integrity'],
        regex: /(?:GET (?<url>https?:\/\/\S+) error \()?ERR_PNPM_TARBALL_INTEGRITY/,
        weight: 85,
        take: withPackage,
      },
      {
        hints: ['integrity check failed'],
        regex: /Integrity check failed for "?(?<package>[^"\s]+)"?/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ package: name, url }) => ({
      title: `${name ?? url ?? 'A package'} is not what the lockfile says`,
      explanation:
        'The checksum of what was downloaded differs from the one in the lockfile: it was published again, or a cache or proxy changed it.',
      fix: `It is tried again with a fresh download. If it stays: remove ${name ?? 'the package'} from the lockfile, install locally, look at what changed, and commit.`,
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
        take: (match) => ({ tool: 'cypress', ...groups(match) }),
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

function latest(match: RegExpExecArray, { search }: Sight): Details {
  const found = search(/The latest release of \S+ is "(?<latest>[^"]+)"/, 8);
  return { ...groups(match), ...(found === null ? {} : groups(found)) };
}

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
