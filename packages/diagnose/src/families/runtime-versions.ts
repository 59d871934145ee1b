import { type Details, groups, named, type Pattern, sign, withNear } from '../rule.ts';

const node = named({ language: 'Node.js' });

/** Node versions that were asked for and do not exist, or are not what somebody needs. */
export const NODE_VERSIONS: readonly Pattern[] = [
  sign(
    'does not support node.js',
    /npm v(?<needs>\S+) does not support Node\.js (?<running>v\S+?)\.?(?=\s|$)/,
    82,
    node,
    { warns: true },
  ),
  sign(
    'known not to run on node',
    /npm v?(?<needs>\S+) is known not to (?:run|work) on Node\.js v?(?<running>[\d.]+)/,
    90,
    node,
  ),
  sign(
    'the engine "',
    /(?<package>\S+): The engine "(?<engine>node)" is incompatible with this module\. Expected version "(?<wanted>[^"]+)"\. Got "(?<running>[^"]+)"/,
    92,
    node,
  ),
  sign('ebadengine', /^code EBADENGINE/, 88, (_, { search }) => {
    const wanted = search(/Required: *\{.*"(?<engine>node)":"(?<wanted>[^"]+)"/, 10);
    if (wanted === null) return null;
    const running = search(/Actual: .*"node":"(?<running>v?[\d.]+)"/, 10);
    const by = search(/Not compatible with your version of node\/npm: (?<package>\S+)/, 8);
    return { ...groups(wanted), ...groups(running), ...groups(by) };
  }),
  sign(
    'unsupported engine for',
    /Unsupported engine for (?<package>\S+): wanted: \{.*"node":"(?<wanted>[^"]+)".*\(current: \{"node":"(?<running>[\d.]+)"/,
    90,
    node,
    { warns: true },
  ),
  sign(
    'your node version is incompatible with',
    /Your Node version is incompatible with "?(?<package>[^"]+?)"?\.?$/,
    92,
    withNear([/Expected version: (?<wanted>.+)/, 6], [/Got: (?<running>.+)/, 8]),
  ),
  sign('unsupported_engine', /ERR_PNPM_UNSUPPORTED_ENGINE/, 70, (_, { search }) => {
    const found = search(/Your Node version is incompatible/, 12);
    return found === null
      ? null
      : { ...groups(search(/Expected version: (?<wanted>.+)/, 14)), ...groups(search(/Got: (?<running>.+)/, 14)) };
  }),
  sign(
    'this version of pnpm requires at least node',
    /This version of pnpm requires at least Node\.js v?(?<wanted>[\d.]+)/,
    93,
    withNear([/current version of Node\.js is v?(?<running>[\d.]+)/, 3]),
  ),
  sign(
    'requires a node version compatible with',
    /This tool requires a Node version compatible with (?<wanted>\S+) \(got (?<running>[\d.]+)\)/,
    93,
    node,
  ),
  sign(
    ['nvm ls-remote', 'not yet installed'],
    /Version '(?<wanted>[^']+)' (?:\(with LTS filter\) )?not found - try `nvm ls-remote|N\/A: version "?(?<other>[^"\s]+?)"?(?: -> \S+)? is not yet installed/,
    92,
    node,
  ),
  sign(
    'no matching version found for node@',
    /No matching version found for node@(?<wanted>\S+?)\.?$/,
    95,
    (match) => ({ wanted: `v${match.groups?.['wanted'] ?? ''}`, language: 'Node.js' }),
  ),
  sign(
    [
      'could not find node version',
      'no matching node version',
      'no node version',
      'is not currently installed',
      'find an installed node version',
      'version could not be resolved',
      'find a version that satisfied version',
    ],
    /(?:Could not find Node version matching "?(?<wanted>[^"\s]+)"?|No matching node versions? found for "?(?<range>[^"]+)"?|[Rr]equested version (?<asked>\S+) is not currently installed|[Cc]an't find an installed Node version matching (?<file>[^\s.]+(?:\.[^\s.]+)*)|Unable to find a version that satisfied version requirement (?<satisfied>\S+)|no version found for '(?<other>[^']+)')/,
    92,
    node,
  ),
  sign(
    ['unable to find node version', 'attempting to download'],
    /Unable to find Node version '(?<wanted>[^']+)'/,
    92,
    node,
  ),
  sign(
    ['download node.js', 'downloading node', 'nodejs.org/dist', 'unofficial-builds'],
    /(?:[Ff]ailed to (?:download|fetch)|404).{0,80}(?:nodejs\.org\/(?:dist|download)\/|node-)v?(?<wanted>\d+\.\d+\.\d+)/,
    80,
    node,
  ),
  sign(
    ['you are using node.js', 'you are running node'],
    /You are (?:using|running) Node(?:\.js)? v?(?<running>[\d.]*\d)\.? (?:For (?<package>[\w. ]+?), Node\.js version "?(?<wanted>[^"]+?)"? is required|(?<tool>.+?) requires? (?:Node(?:\.js)? )?(?:version )?(?<needs>[^.]*\d[\d.+ |>=^orOR]*))/,
    91,
    node,
  ),
  sign('node.js version "', /Node\.js version "?(?<wanted>[^"]+?)"? is required/, 88, node),
  sign(
    'detected.',
    /Node\.js version v?(?<running>[\d.]+) detected\./,
    90,
    withNear([
      /(?:requires? (?:a minimum )?(?:of )?Node\.js version (?:of )?(?:either )?)(?<wanted>v?[\d.]+.*?)\.?$/,
      2,
    ]),
  ),
  sign(
    'is not supported by',
    /Node\.js v?(?<running>[\d.]+) is not supported by (?<package>[\w. -]+?)!?$/,
    91,
    withNear([
      /(?:>=|upgrade Node\.js to a supported version:?|Please upgrade).*?(?<wanted>[">]?=?\s?v?\d[\d.]*[^.]*)/i,
      3,
    ]),
  ),
  sign(
    ['only supports node.js', 'requires node.js', 'requires node >=', 'requires node version', 'minimum node'],
    /(?<package>[\w@/.-]+) (?:only supports|requires|needs) (?:at least )?Node(?:\.js)?(?: version)? ?(?<wanted>(?:>=? ?|\^|~|v)?\d[\d.x]*(?: ?(?:\|\||or) ?[>=^~v\d. ]+)*)/i,
    84,
    withNear([/(?:found|got|using|have|current(?:ly)?)[^.\d]{0,40}v?(?<running>\d+\.\d+\.\d+)/i, 3]),
  ),
  sign('unsupported node', /Unsupported Node(?:\.js)? version:? v?(?<running>[\d.]*\d)/i, 88, node),
  sign(
    ['is not a function', 'is not defined'],
    /^(?:\w*Error: |\[vite\]: |error during build:\s*)?(?<missing>crypto\$?\d?\.getRandomValues|crypto\.hash|Array\.prototype\.\w+|structuredClone|\w+\.(?:toSorted|toReversed|findLast|at|hasOwn|replaceAll|withResolvers|groupBy)|Object\.(?:hasOwn|groupBy)|Promise\.withResolvers|\(0 , \w+\.(?:tracingChannel|styleText|parseEnv|stripVTControlCharacters)\)) is not a (?:function)/,
    80,
    node,
  ),
  sign(
    'is not defined',
    /^(?:\w*Error: )?(?<missing>structuredClone|fetch|Headers|FormData|ReadableStream|CustomEvent|File|WebSocket|crypto) is not defined/,
    76,
    (match, { failure }) =>
      failure.context.plan?.runtime === undefined || failure.stage !== 'package'
        ? { ...groups(match), language: 'Node.js' }
        : null,
  ),
  sign(
    ['bad option:', 'is not allowed in node_options'],
    /node: bad option: (?<missing>--\S+)|node: (?<flag>--\S+) is not allowed in NODE_OPTIONS/,
    88,
    node,
  ),
  sign(
    ['no such built-in module', 'err_unknown_builtin_module'],
    /No such built-in module: (?<missing>node:\S+)/,
    90,
    node,
  ),
  sign(
    "requested module 'node:",
    /The requested module 'node:(?<package>[\w/]+)' does not provide an export named '?(?<missing>\w+)?/,
    88,
    node,
  ),
  sign("cannot find module 'node:", /Cannot find module '(?<missing>node:[\w/]+)'/, 88, node),
  sign(
    ['unexpected token', 'invalid regular expression flags'],
    /^SyntaxError: (?:Unexpected token '?(?<missing>\?\?=|\|\|=|&&=|\?\?|\?\.|\.)'?$|Invalid regular expression flags)/,
    79,
    (match, { search, output, at }) => {
      const file = search(/^(?:file:\/\/)?(?<file>\/\S+:\d+)$/, -6)?.groups?.['file'];
      const dependency =
        file?.includes('node_modules') === true ||
        (/node:internal/.test(
          output.lines
            .slice(at, at + 8)
            .map(({ bare }) => bare)
            .join('\n'),
        ) &&
          file === undefined);
      return dependency ? { ...groups(match), ...(file === undefined ? {} : { file }), language: 'Node.js' } : null;
    },
  ),
];

/** The same for the other languages. */
export const OTHER_VERSIONS: readonly Pattern[] = [
  sign(
    'requires a different python',
    /Package '(?<package>[^']+)' requires a different Python: (?<running>\S+) not in '(?<wanted>[^']+)'/,
    93,
    named({ language: 'Python' }),
  ),
  sign(
    ['require a different python version', 'requires-python'],
    /(?:Ignored the following versions that require a different python version:?|Requires-Python) (?<wanted>[^;]+)/,
    80,
    (match, { search }) => ({
      language: 'Python',
      ...groups(search(/No matching distribution found for (?<package>\S+)/, 6)),
      ...groups(match),
    }),
    { warns: true },
  ),
  sign(
    'is not allowed by the project',
    /Current Python version \((?<running>[\d.]+)\) is not allowed by the project \((?<wanted>[^)]+)\)/,
    93,
    named({ language: 'Python' }),
  ),
  sign(
    ["current project's supported python range", 'python versions compatible with'],
    /The current project's (?:supported Python range|Python requirement) \((?<wanted>[^)]+)\) is not compatible/,
    90,
    named({ language: 'Python' }),
  ),
  sign(
    ['no interpreter found for', 'no python at', 'no download found for request', 'incompatible with the project'],
    /(?:No interpreter found for Python (?<wanted>\S+)|requested Python(?: interpreter)?.{0,60}?(?<running>[\d.]+)\S* is incompatible with the project'?s? Python requirement: `(?<needs>[^`]+)`|Python request.{0,40}(?<asked>[\d.]+))/,
    90,
    named({ language: 'Python' }),
  ),
  sign(
    ["' is not installed", 'is not installed for', 'is not installed (set by'],
    /(?<manager>pyenv|rbenv|nodenv|goenv|jenv|phpenv): version [`'"]?(?<wanted>[^`'"\s]+)['"`]? is not installed/,
    92,
  ),
  sign(
    ['no version is set for', 'no preset version installed'],
    /No (?:version is set for command|preset version installed for command) (?<package>\S+)/,
    88,
  ),
  sign(
    'your ruby version is',
    /Your Ruby version is (?<running>[\d.]+), but your Gemfile specified (?<wanted>\S+(?: [\d.]+)?)/,
    94,
    named({ language: 'Ruby' }),
  ),
  sign(
    'requires ruby version',
    /(?<package>[\w.-]+) requires [Rr]uby version (?<wanted>[^.].*?)(?:, which is incompatible with the current version, (?:ruby )?(?<running>[\w.]+)|\. The current ruby version is (?<current>[\d.]+))/i,
    92,
    named({ language: 'Ruby' }),
  ),
  sign('required_ruby_version', /required_ruby_version.*?(?<wanted>>=? ?[\d.]+)/, 76, named({ language: 'Ruby' })),
  sign(
    'require a php version',
    /Composer dependencies require a PHP version "(?<wanted>[^"]+)"\. You are running (?<running>[\d.]+)/,
    94,
    named({ language: 'PHP' }),
  ),
  sign(
    'your php version (',
    /(?:^|\s)(?<package>[\w.-]+\/[\w.-]+|Root composer\.json)?\s?.{0,60}requires php (?<wanted>.+?) (?:but|->) your php version \((?<running>[^;)]+)/,
    94,
    named({ language: 'PHP' }),
  ),
  sign(
    ['go.mod requires go', 'module requires go'],
    /(?:go\.mod|go\.work|module .+?) requires go >= (?<wanted>[\d.]+\w*) \(running go (?<running>[\d.]+)/,
    93,
    named({ language: 'Go' }),
  ),
  sign(
    ['invalid go version', 'toolchain not available', 'unknown directive: toolchain'],
    /invalid go version '(?<wanted>[^']+)'|download go(?<version>\S+) for \S+: toolchain not available|unknown directive: (?<directive>toolchain)/,
    91,
    named({ language: 'Go' }),
  ),
  sign('note: module requires go', /note: module requires Go (?<wanted>[\d.]+)/i, 92, named({ language: 'Go' })),
  sign(
    'more recent version of the java runtime',
    /(?<package>\S+) has been compiled by a more recent version of the Java Runtime \(class file version (?<wanted>[\d.]+)\).*up to (?<running>[\d.]+)/,
    94,
    named({ language: 'Java' }),
  ),
  sign(
    ['unsupportedclassversionerror', 'unsupported major.minor version'],
    /(?:UnsupportedClassVersionError|Unsupported (?:class file major version|major\.minor version)):? (?<wanted>\S+)/,
    88,
    named({ language: 'Java' }),
  ),
  sign(
    ['release version', 'target release', 'source release'],
    /(?:error: |compiling: error: )(?:release version (?<wanted>[\d.]+) not supported|invalid (?:target|source) release: (?<target>[\d.]+))/,
    93,
    named({ language: 'Java' }),
  ),
  sign(
    ['requirejavaversion', 'requires java', 'requires jvm runtime', 'toolchain matching'],
    /(?:RequireJavaVersion.*|Detected JDK (?:version )?(?<running>[\d.]+).*allowed range (?<wanted>\S+)|requires (?:at least )?(?:Java|JVM runtime version) (?<needs>\d+).*|toolchain matching.*languageVersion=(?<language>\d+).*)/i,
    88,
  ),
  sign(
    ['requires rustc', 'is not supported by the following package', 'is not installed'],
    /requires rustc (?<wanted>[\d.]+)(?: or newer, while the currently active rustc version is (?<running>[\d.]+))?|rustc (?<used>[\d.]+) is not supported by the following packages?|toolchain '(?<asked>[^']+)' is not installed/,
    91,
    named({ language: 'Rust' }),
  ),
  sign(
    'a compatible .net sdk was not found',
    /A compatible (?:installed )?\.NET SDK .{0,40}was not found/,
    92,
    withNear([/Requested SDK version: (?<wanted>\S+)/, 6]),
  ),
  sign(
    '.net sdk does not support targeting',
    /current \.NET SDK does not support targeting (?<wanted>\.NET [\d.]+)/,
    92,
    named({ language: '.NET' }),
  ),
  sign(['requires deno', 'unsupported deno'], /requires Deno (?<wanted>\S+)/i, 84, named({ language: 'Deno' })),
];

/** What is shown of a version, whichever group a message named it in. */
export function versionsOf(details: Details): {
  wanted: Details[string] | undefined;
  running: Details[string] | undefined;
} {
  const first = (...names: string[]) => names.map((name) => details[name]).find((value) => value !== undefined);
  return {
    wanted: first('wanted', 'other', 'range', 'asked', 'needs', 'satisfied', 'target', 'version', 'directive', 'file'),
    running: first('running', 'used', 'current'),
  };
}
