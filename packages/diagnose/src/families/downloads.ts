import { type Details, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

const URL_NEAR: readonly [RegExp, number] = [/(?<url>https?:\/\/[^\s'"`),]+)/, 10];
const URL_BEFORE: readonly [RegExp, number] = [/(?<url>https?:\/\/[^\s'"`),]+)/, -10];

/** The package whose script wanted the file: npm says where it was. */
function ofPackage(match: RegExpExecArray, sight: Sight): Details {
  const { search } = sight;
  const path =
    search(/^path \S*node_modules\/(?<package>(?:@[^/\s]+\/)?[^/\s]+)/, -40) ??
    search(/node_modules\/(?<package>(?:@[^/\s.]+\/)?[^/\s.]+)/, -10);
  return { ...groups(path), ...withNear(URL_NEAR, URL_BEFORE)(match, sight) };
}

export const downloads: readonly Rule[] = [
  {
    cause: 'download_failed',
    fault: 'transient',
    stages: ['install', 'build', 'package'],
    patterns: [
      sign(
        ['failed to set up chrome', 'failed to set up', 'failed to download chrom'],
        /Failed to (?:set up|download) (?<tool>Chrome(?: for Testing)?|chrome-headless-shell|Chromium|Firefox)[^!]*!?(?:.*"(?<skip>\w+)" env)?/,
        94,
        ofPackage,
      ),
      sign('failed to set up', /Failed to set up (?<tool>[\w-]+) v?[\d.]+/, 90, ofPackage),
      sign(
        ['failed to download chromium', 'err_download', 'playwright build'],
        /Failed to download (?<tool>Chromium|Firefox|Webkit|FFMPEG)[^,]*(?:, caused by)?/i,
        92,
        withNear(URL_NEAR, URL_BEFORE),
      ),
      sign(
        ['download failure, code=', 'download failed: server returned code'],
        /Error: Download (?:failure, code=|failed: server returned code )(?<status>\d+)/,
        90,
        withNear(URL_NEAR, URL_BEFORE),
      ),
      sign(
        'the cypress app could not be downloaded',
        /The (?:Cypress) App could not be downloaded/,
        94,
        (match, sight) => ({ tool: 'cypress', ...withNear([/URL: (?<url>\S+)/, 12])(match, sight) }),
      ),
      sign('download.cypress.io', /(?<host>download\.cypress\.io)/, 88, named({ tool: 'cypress' })),
      sign(
        ['failed to fetch the engine file', 'failed to fetch sha256 checksum', 'binaries.prisma.sh'],
        /(?:Failed to fetch (?:the engine file|sha256 checksum) at |request to )(?<url>https?:\/\/binaries\.prisma\.sh\/\S+?)(?:\s-\s(?<reason>.+)|\.gz|\s|$)/,
        94,
        named({ tool: 'prisma' }),
      ),
      sign(
        'failed to fetch',
        /[Ff]ailed to fetch font[s]? (?:`|from Google Fonts|')?(?<tool>[\w ]*)/,
        90,
        withNear([/URL: (?<url>\S+)/, 4], URL_NEAR),
        { warns: true },
      ),
      sign(
        ['failed to fetch', 'fonts.googleapis.com', 'fonts.gstatic.com'],
        /(?:[Ff]ailed to fetch|[Rr]equest (?:to|failed)|getaddrinfo \w+) .{0,60}(?<host>fonts\.(?:googleapis|gstatic)\.com)/,
        90,
        named({ tool: 'Google Fonts' }),
      ),
      sign(
        ['next/font: error', '`next/font` error'],
        /`?next\/font`? [Ee]rror/,
        76,
        withNear([/Failed to fetch `(?<tool>[^`]+)` from Google Fonts/, 3]),
      ),
      sign(
        ['failed to download swc', 'swc package from'],
        /Failed to (?:download|load) (?<tool>swc package) from (?<url>\S+)/i,
        90,
      ),
      sign(
        ['electron failed to install', 'electron-download', 'downloading electron'],
        /(?<tool>Electron|electron) failed to install correctly/,
        80,
      ),
      sign(
        ['node-pre-gyp err! install', 'prebuild-install err!'],
        /(?:node-pre-gyp|prebuild-install) ERR! install (?:response status (?<status>\d+ .+) on (?<url>\S+)|.*failed, reason: (?<reason>.+))/,
        60,
        ofPackage,
      ),
      sign(
        ['sharp: installation error', 'sharp: downloading'],
        /sharp: Installation error: (?<reason>.+)/,
        88,
        named({ package: 'sharp' }),
      ),
      sign(
        ['temporary failure resolving', 'failed to fetch http', 'unable to fetch some archives', "could not resolve '"],
        /(?:Err:\d+ (?<url>https?:\/\/\S+)|Temporary failure resolving '(?<host>[^']+)'|E: Failed to fetch (?<address>https?:\/\/\S+)|E: Unable to fetch some archives)/,
        86,
        (match) => ({ tool: 'apt', ...groups(match) }),
      ),
      sign(
        ['unable to select packages', 'dl-cdn.alpinelinux.org', 'fetch https://dl-cdn'],
        /(?:WARNING: (?:fetching|Ignoring|opening) (?<url>https?:\/\/\S+?):? .*(?:temporary error|network|DNS|refused|timed out|No such file).*)/i,
        84,
        named({ tool: 'apk' }),
        { warns: true },
      ),
      sign(
        ['curl: (6)', 'curl: (7)', 'curl: (22)', 'curl: (28)', 'curl: (35)', 'curl: (56)'],
        /curl: \((?<code>\d+)\) (?<reason>.+)/,
        78,
        (match, sight) =>
          /install|build|package|environment/.test(sight.failure.stage)
            ? {
                ...withNear([/(?:curl|wget) .*?(?<url>https?:\/\/[^\s'"]+)/, -12])(match, sight),
                ...groups(/(?<host>[\w-]+(?:\.[\w-]+)+)/.exec(match[0])),
              }
            : null,
      ),
      sign(
        ['wget: ', 'unable to resolve host address', 'error 4', 'error 5'],
        /wget: (?:unable to resolve host address|bad address|can't connect to remote host|server returned error:?) ['‘]?(?<reason>[^'’]+)|ERROR (?<status>[45]\d\d): (?<text>.+)\.$/,
        78,
        withNear(URL_BEFORE),
      ),
      sign(
        [
          'failed to download',
          'error downloading',
          'unable to download',
          'could not download',
          'cannot download',
          'download failed',
          'downloading',
        ],
        /(?:[Ff]ailed to download|[Ee]rror downloading|[Uu]nable to download|[Cc](?:ould not|annot) download|[Dd]ownload (?:failed|error)(?: for| of)?:?) .{0,80}?(?<url>https?:\/\/[^\s'")]+)/,
        82,
        (match, { output }) => (output.lowerCase.includes('git-lfs') ? null : groups(match)),
      ),
      sign(
        [
          'request failed: 4',
          'request failed: 5',
          'status code 4',
          'status code 5',
          'request failed with status',
          'getaddrinfo',
          'econnrefused',
          'etimedout',
          'econnreset',
        ],
        /(?:(?<package>[@\w/.-]{1,214}): )?(?:request failed(?: with status(?: code)?)?:? (?<status>[45]\d\d)(?: \w+)?|(?:getaddrinfo (?<reason>ENOTFOUND|EAI_AGAIN) (?<host>[\w.-]+)|connect (?<error>ECONNREFUSED|ETIMEDOUT) (?<address>\S+)|(?<reset>ECONNRESET)))/i,
        76,
        scriptDownload,
      ),
    ],
    words: ({ tool, url, host, skip, package: name, status, reason }) => ({
      title: `${tool ?? url ?? host ?? 'A file'} could not be downloaded${tool === undefined ? phrase(' for ', name) : ''}`,
      explanation: `${name ?? tool ?? 'A dependency'} fetches something from outside the registry${phrase(', from ', url ?? host)}, and could not${phrase(' (', status ?? reason, ')')}.`,
      fix: `It is tried again by itself. If this host may not reach ${host ?? url ?? 'that address'}: set the tool’s mirror variable${phrase(', or ', skip, '=1')} to do without it.`,
    }),
  },
];

/** An install script of a dependency that could not fetch its file: npm names the package and the command above. */
function scriptDownload(match: RegExpExecArray, sight: Sight): Details | null {
  if (sight.failure.stage !== 'install' && sight.failure.stage !== 'package') return null;
  const inScript = sight.search(
    /^command (?:sh -c|failed)|^(?:npm )?(?:error|ERR!) (?:path|command)|: Command failed|postinstall|preinstall|install\$ /,
    -60,
  );
  const compiled = sight.search(/gyp (?:info|ERR!|verb)/, 30) ?? sight.search(/gyp (?:info|ERR!|verb)/, -30);
  if (inScript === null || compiled !== null || /git |ssh:/.test(match.input)) return null;
  return { ...ofPackage(match, sight), ...groups(match) };
}
