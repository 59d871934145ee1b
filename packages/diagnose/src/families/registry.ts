import { type Details, firstIn, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';
import { packageNear, reached, withPackage } from './registry-address.ts';

const NETWORK =
  'ENOTFOUND|EAI_AGAIN|ECONNRESET|ECONNREFUSED|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|EPIPE|ERR_STREAM_PREMATURE_CLOSE|socket hang up|network timeout|timed? ?out|hang up|UND_ERR_\\w+|Client network socket disconnected';

/** What a match names, with what its address or an address near it names. */
const addressed = (match: RegExpExecArray, sight: Sight): Details => ({
  ...reached(match, sight),
  ...withPackage(match),
});

export const registry: readonly Rule[] = [
  {
    cause: 'registry_auth',
    fault: 'user',
    stages: ['install', 'package', 'environment'],
    patterns: [
      sign(['code e401', 'code e403'], /^code (?<code>E401|E403)/, 84, (match, sight) => ({
        ...groups(match),
        ...reached(match, sight),
        ...variable(sight),
      })),
      sign(
        ['code eneedauth', 'need auth', 'code eotp'],
        /^code (?<code>ENEEDAUTH|EOTP)|^need auth (?<message>.+)/,
        88,
        (match, sight) => ({ ...groups(match), ...variable(sight) }),
      ),
      sign('unable to authenticate', /Unable to authenticate, (?:your authentication token|need)/, 80, (_, sight) => ({
        code: 'E401',
        ...variable(sight),
      })),
      sign('incorrect or missing password', /Incorrect or missing password/, 84, named({ code: 'E401' })),
      sign(
        ['401 unauthorized', '403 forbidden'],
        /(?<code>401 Unauthorized|403 Forbidden) - (?:GET|PUT) (?<url>https?:\/\/\S+)/,
        90,
        withPackage,
      ),
      sign('authentication required to access', /authentication required to access (?<package>\S+)/i, 91),
      sign(
        ['request failed "401', 'request failed "403'],
        /Request failed "(?<code>401 Unauthorized|403 Forbidden)"/,
        88,
        addressed,
      ),
      sign(
        ['err_pnpm_fetch_401', 'err_pnpm_fetch_403'],
        /ERR_PNPM_FETCH_(?<code>401|403)\s+GET (?<url>https?:\/\/\S+?):? /,
        92,
        (match, sight) => ({ ...withPackage(match), ...variable(sight) }),
      ),
      sign('failed to replace env in config', /Failed to replace env in config: \$\{(?<variable>\w+)\}/, 92, groups, {
        warns: true,
      }),
      sign(
        'environment variable not found (',
        /Environment variable not found \((?<variable>\w+)\) in (?<file>\S*\.yarnrc\S*)/,
        93,
      ),
      sign(['- 401', '- 403'], /GET (?<url>https?:\/\/\S+) - (?<code>401|403)/, 90, withPackage),
      sign(['error (401)', 'error (403)'], /GET (?<url>https?:\/\/\S+) error \((?<code>401|403)\)/, 72, withPackage),
      sign(
        'invalid authentication',
        /Invalid authentication \(as (?:an? )?(?<identity>[^)]+)\)/,
        90,
        withNear(packageNear),
      ),
      sign(
        'no authentication configured for request',
        /No authentication configured for request/,
        92,
        withNear(packageNear),
      ),
      sign(
        ['response code: 401', 'response code: 403', 'response code\u001b'],
        /Response Code: (?<code>401|403)/,
        86,
        addressed,
      ),
      sign(
        ['401 error, credentials', '401 client error', '403 client error', 'http error 401', 'http error 403'],
        /(?<code>40[13]) (?:Error, Credentials not correct for|Client Error: \w+ for url:|Error).*?(?<url>https?:\/\/\S+)?$|HTTP error (?<status>40[13]) while getting (?<address>https?:\/\/\S+)/i,
        91,
        addressed,
      ),
      sign(
        [
          'status code 401',
          'status code 403',
          'status code: 401',
          'status code: 403',
          '(401 unauthorized)',
          '(403 forbidden)',
        ],
        /(?:status code:? (?<code>40[13])|HTTP status client error \((?<status>40[13]) \w+\)|\((?<other>40[13] (?:Unauthorized|Forbidden))\))/i,
        87,
        addressed,
      ),
      sign(
        ['not authorized', 'unauthorized (401)', 'access denied to'],
        /(?:[Nn]ot authorized|authentication failed)[^.]{0,60}?(?<url>https?:\/\/\S+)|Could not transfer artifact (?<package>\S+).*(?:Not authorized|Unauthorized|Forbidden)|Access denied to: (?<address>https?:\/\/[^\s,]+)/i,
        88,
        addressed,
      ),
      sign(
        [
          'authentication is required for',
          'bad username or password for',
          'could not authenticate against',
          'required to authenticate to',
        ],
        /(?:Authentication is required for|Bad username or password for|Could not authenticate against) (?<host>[^\s,]+)/i,
        91,
      ),
      sign(
        ['composer', 'http/2 401', 'http/2 403', 'http/1.1 401', 'http/1.1 403'],
        /"?(?<url>https?:\/\/[^"\s]+)"? file could not be downloaded.*\(?HTTP\/[\d.]+ (?<code>40[13])/i,
        89,
        addressed,
      ),
      sign(
        'unauthorized',
        /(?:Get|Head|login attempt to) "?(?<url>https?:\/\/[^"\s]+\/v2\/[^"\s]*)"?:? (?:failed with status: 401 )?[Uu]nauthorized/i,
        86,
      ),
      sign(
        [
          'unauthorized: ',
          'no basic auth credentials',
          'error logging in',
          'denied: requested access to the resource is denied',
        ],
        /(?:unauthorized: (?<message>(?:incorrect username or password|authentication required|your account must log in|access token has insufficient scopes|HTTP Basic: Access denied).*)|(?<basic>no basic auth credentials))/i,
        80,
      ),
      sign(
        'terminal prompts disabled',
        /could not read Username for '(?<host>https:\/\/[^']+)': terminal prompts disabled/,
        60,
        (match, { failure, output }) =>
          failure.stage === 'install' && output.lowerCase.includes('go: ') ? groups(match) : null,
      ),
    ],
    words: ({ package: name, url, host, code, status, variable: token, file, message, identity }) => ({
      title: `The registry refused access${phrase(' to ', name ?? url ?? host)}${phrase(' (', code ?? status ?? message ?? identity, ')')}`,
      explanation:
        token === undefined
          ? /403|denied/i.test(String(code ?? status ?? message))
            ? 'The credential is known, and may not read this.'
            : 'No credential was sent, or it is not valid any more.'
          : `${file ?? '.npmrc'} takes the token from the variable ${token}, which is not set here: its name was sent instead of a token.`,
      fix:
        token === undefined
          ? `Put a valid token with read access for ${name ?? 'the package'} into .npmrc (or what the package manager reads), through a variable of this app.`
          : `Set the variable ${token} for this app (scope: build).`,
    }),
  },
  {
    cause: 'registry_unreachable',
    fault: 'transient',
    stages: ['install', 'environment', 'package'],
    onlyThere: true,
    patterns: [
      sign(
        ['network request to', 'network timeout at'],
        /network (?:request to|timeout at:?) (?<url>https?:\/\/\S+)(?: failed, reason: (?<reason>.+))?/,
        86,
        withPackage,
      ),
      sign(
        'failed, reason:',
        new RegExp(
          `request to (?<url>https?:\\/\\/\\S+) failed, reason: (?<reason>(?!.*certificate).*(?:${NETWORK}).*)`,
        ),
        85,
        withPackage,
      ),
      sign(
        [
          'internal server error',
          'bad gateway',
          'service unavailable',
          'gateway time',
          'too many requests',
          'service temporarily',
        ],
        /(?<status>429|50[0-9]) (?<reason>Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out|Too Many Requests)(?: - GET (?<url>https?:\/\/\S+))?/i,
        84,
        (match, sight) => ({
          ...addressed(match, sight),
          answer: `${match.groups?.['status']} ${match.groups?.['reason']}`,
        }),
      ),
      sign(['code e5', 'code e429'], /^code E(?<status>429|50\d)$/, 80, addressed),
      sign(
        '. will retry in',
        new RegExp(`GET (?<url>https?:\\/\\/\\S+) error \\((?<reason>429|5\\d\\d|${NETWORK})\\)`),
        70,
        withPackage,
        { warns: true },
      ),
      sign(
        ['err_pnpm_fetch_429', 'err_pnpm_fetch_5', 'err_pnpm_meta_fetch_fail'],
        /ERR_PNPM_(?:FETCH_(?<status>429|5\d\d)|META_FETCH_FAIL)\s+GET (?<url>https?:\/\/[^\s:]+(?::\d+)?[^\s:]*)(?:.*reason: (?<reason>(?!.*certificate).+))?/,
        88,
        withPackage,
      ),
      sign(
        'error when performing the request',
        /Error when performing the request(?: to (?<url>https?:\/\/[^\s;]+))?/,
        86,
        addressed,
      ),
      sign(
        [
          'code eai_again',
          'code enotfound',
          'code econn',
          'code etimedout',
          'code err_socket',
          'errno eai_again',
          'errno enotfound',
          'errno econn',
          'errno etimedout',
          'code esocket',
        ],
        /^(?:code|errno) (?<reason>EAI_AGAIN|ENOTFOUND|ECONNRESET|ETIMEDOUT|ECONNREFUSED|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT)/,
        78,
        (match, sight) => ({ ...groups(match), ...hostOf(sight), ...reached(match, sight) }),
      ),
      sign(
        'there appears to be trouble with',
        /There appears to be trouble with (?:your network connection|the npm registry)/,
        55,
      ),
      sign(
        'an unexpected error occurred: "',
        new RegExp(
          `An unexpected error occurred: "(?<url>https?:\\/\\/[^\\s:"]+(?::\\d+)?[^\\s":]*): (?<reason>.*(?:${NETWORK}).*)"`,
        ),
        88,
        withPackage,
      ),
      sign(
        ['error error:', 'requesterror', 'fetcherror', 'error: getaddrinfo', 'timeouterror'],
        new RegExp(
          `(?:error Error|RequestError|FetchError|TimeoutError|TypeError: fetch failed|Error): (?:.*?)(?<reason>getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?<host>[\\w.-]+)|connect ECONNREFUSED (?<address>\\S+)|(?:read |connect )?(?:${NETWORK}))`,
        ),
        82,
        (match, sight) => (isRuntimeOfScript(sight) ? null : addressed(match, sight)),
      ),
      sign(['response code: 5', 'response code: 429'], /Response Code: (?<status>429|5\d\d)/, 87, addressed),
      sign(
        [
          'downloading package manifest',
          'downloading tarball',
          'failedtoopensocket',
          'connectionrefused',
          'connectionclosed',
        ],
        /(?:error: )?(?<reason>ConnectionRefused|ConnectionClosed|ConnectionReset|FailedToOpenSocket|DNS\w*|Timeout|HTTPError|UnexpectedHTTP\w*) (?:downloading (?:package manifest|tarball) (?<package>\S+))?/,
        88,
      ),
      sign(['- 5', '- 429'], /GET (?<url>https?:\/\/\S+) - (?<status>429|5\d\d)/, 88, withPackage),
      sign(
        ['connection broken by', 'retrying (retry('],
        /Retrying \(Retry\(.*after connection broken by '(?<reason>[^']{0,200})/,
        84,
        (match, sight) => ({ ...pipHost(match), ...groups(sight.search(/: (?<url>\/simple\/[\w.-]+)/, -1)) }),
        { warns: true },
      ),
      sign(
        [
          'failed to establish a new connection',
          'max retries exceeded',
          'read timed out',
          'name or service not known',
          'temporary failure in name resolution',
        ],
        /host='(?<host>[^']+)', port=(?<port>\d+)\): (?<reason>Max retries exceeded|Read timed out|Failed to establish).*/,
        80,
        groups,
        { warns: true },
      ),
      sign(
        ['all attempts to connect to', 'failed to fetch:', 'could not connect to server', 'dns error'],
        /All attempts to connect to (?<host>\S+) failed|(?:error: )?[Ff]ailed to fetch:? `(?<url>https?:\/\/[^`]+)`/,
        86,
        (match, sight) =>
          /401|403|404|not found/i.test([1, 2, 3].map((n) => sight.near(n)).join(' ')) ? null : addressed(match, sight),
      ),
      sign(
        [
          'could not reach host',
          'could not fetch specs from',
          'fetcherror',
          'retrying fetcher due to error',
          'error fetching http',
        ],
        /Could not reach host (?<host>[\w.-]+)|Could not fetch specs from (?<url>https?:\/\/\S+)|Gem::RemoteFetcher::FetchError: (?<reason>.+)|Network error while fetching (?<address>\S+)/,
        86,
        addressed,
      ),
      sign(
        'curl error',
        /curl error (?<code>6|7|28|35|52|56) while downloading (?<url>https?:\/\/\S+?): (?<reason>.+)/,
        90,
        withPackage,
      ),
      sign(
        ['could not transfer artifact', 'could not get', 'could not get resource'],
        /Could not transfer artifact (?<package>\S+) from\/to \S+ \((?<url>https?:\/\/[^)]+)\): (?<reason>(?!.*(?:40[134]|PKIX|[Cc]ertificate|Not authorized)).+)|Could not GET '(?<address>https?:\/\/[^']+)'(?! ?\. Received status code 40)/,
        88,
        (match, sight) => (/status code 40|PKIX|certificat/i.test(sight.near(1)) ? null : addressed(match, sight)),
      ),
      sign(
        ['proxy.golang.org', 'sum.golang.org', 'goproxy'],
        /(?:Get|reading) "?(?<url>https?:\/\/[^"\s]+)"?: (?<reason>(?:dial tcp|net\/http|read tcp|context deadline|EOF|unexpected EOF|50\d|proxyconnect).+)/,
        88,
        addressed,
      ),
      sign(
        [
          'spurious network error',
          'failed to query replaced source',
          'download of config.json failed',
          'index.crates.io',
        ],
        /(?:spurious network error|download of (?:config\.json|\S+) failed|failed to (?:get|fetch|download from|query replaced source) .*(?:index\.crates\.io|registry `crates-io`))/,
        82,
        addressed,
      ),
      sign(
        ['could not resolve host', "couldn't resolve host"],
        /[Cc]ould(?: not|n't) resolve host:? '?"?(?<host>[\w.-]+)/,
        76,
        (match, { output }) => (output.lowerCase.includes('git ') ? null : groups(match)),
      ),
    ],
    words: ({ url, host, address, reason, status, answer }) => ({
      title: `The package registry could not be reached${phrase(': ', url ?? host ?? address)}${phrase(' (', answer ?? status, ')')}`,
      explanation:
        `${phrase('It answered ', answer ?? status, '. ')}${answer === undefined ? phrase('The reason is ', reason, '. ') : ''}This is the network, a proxy or the registry itself, not the project.`.trim(),
      fix: `It is tried again by itself. If it stays: can this host reach ${host ?? url ?? 'the registry'} (DNS, firewall, proxy)? Does its status page report trouble?`,
    }),
  },
];

/** A connection that a script of the project makes is not the registry's. */
function isRuntimeOfScript({ search }: Sight): boolean {
  if (search(/^command (?:sh -c|failed)|^\$ node |postinstall/, -60) !== null) return true;
  const frame = search(/^\s+at .*?(?<file>\/[^\s():]+)/, 12)?.groups?.['file'];
  return frame !== undefined && !/node_modules|corepack|yarn|npm|pnpm|node:/.test(frame);
}

function pipHost(match: RegExpExecArray): Details {
  const host = /host='([^']+)|HTTPSConnection\('?([\w.-]+)|([\w-]+\.[\w.-]+\.\w+)/
    .exec(match[0])
    ?.slice(1)
    .find((value) => value !== undefined);
  return { reason: 'no connection', ...(host === undefined ? {} : { host }) };
}

function variable({ output }: Sight): Details {
  const found = firstIn(
    output,
    ['failed to replace env in config'],
    /Failed to replace env in config: \$\{(?<variable>\w+)\}/,
  );
  return groups(found);
}

function hostOf({ search }: Sight): Details {
  const found = search(/getaddrinfo \w+ (?<host>[\w.-]+)|request to https?:\/\/(?<other>[\w.-]+)/, 12);
  const host = found?.groups?.['host'] ?? found?.groups?.['other'];
  return host === undefined ? {} : { host };
}
