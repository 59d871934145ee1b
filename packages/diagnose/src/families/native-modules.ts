import { type Details, firstIn, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

/** Which package was being built: from its directory, or from npm's `path`. */
function packageAround(match: RegExpExecArray, { output, at }: Sight): Details {
  const text = output.lines.slice(Math.max(0, at - 60), at + 60).map(({ bare }) => bare);
  const found = text
    .map(
      (line) =>
        /(?:^path |cwd |checked for "|Entering directory '|error )\S*node_modules\/((?:@[^/\s]+\/)?[^/\s":']+)/.exec(
          line,
        )?.[1],
    )
    .find((value) => value !== undefined && value !== 'npm' && value !== 'node-gyp');
  return { ...groups(match), ...(found === undefined ? {} : { package: found }) };
}

const compile =
  (tool: string) =>
  (match: RegExpExecArray, sight: Sight): Details => ({ ...packageAround(match, sight), tool });
/** A compiler that is missing is only a cause where something is compiled. */
function whileCompiling(match: RegExpExecArray, sight: Sight): Details | null {
  return /gyp|make|cmake|wheel|extconf|compil|native/.test(sight.output.lowerCase) ? packageAround(match, sight) : null;
}

export const nativeModules: readonly Rule[] = [
  {
    cause: 'native_build_failed',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign('could not find any python', /Could not find any Python installation to use/, 93, compile('python3')),
      sign(
        ["can't find python executable", 'python executable "'],
        /[Cc]an't find Python executable "?(?<path>[^",]+)/,
        93,
        compile('python'),
      ),
      sign(
        'not found: ',
        /gyp ERR! stack Error: not found: (?<tool>make|g\+\+|gcc|cc|c\+\+|python\d?)/,
        93,
        packageAround,
      ),
      sign(
        ['not found', 'no such file or directory'],
        /(?:^|[\s/:])(?<tool>g\+\+|gcc|cc|c\+\+|clang|make|cmake|ld|rustc|cargo)(?:: (?:\d+: )?(?:not found|command not found|No such file or directory)|: No such file)/i,
        86,
        whileCompiling,
      ),
      sign(
        ['distutils', 'no module named'],
        /ModuleNotFoundError: No module named '(?<tool>distutils)'/,
        92,
        (match, { output }) => (output.lowerCase.includes('gyp') ? groups(match) : null),
      ),
      sign(
        "command 'gcc' failed",
        /(?:error: )?command '(?:[\w/]*\/)?(?<tool>gcc|cc|clang|x86_64-linux-gnu-gcc|g\+\+|cl\.exe)'? failed/,
        88,
        withNear([/Failed building wheel for (?<package>\S+)/, 20]),
      ),
      sign(
        ['fatal error:'],
        /(?<file>[\w./+-]+\.(?:c|cc|cpp|cxx|h|hpp)):(?<line>\d+):\d+: fatal error: (?<message>.+)/,
        89,
        packageAround,
      ),
      sign(
        ['error:'],
        /(?<file>[\w./+-]+\.(?:c|cc|cpp|cxx|h|hpp)):(?<line>\d+):(?:\d+:)? error: (?<message>.+)/,
        88,
        packageAround,
      ),
      sign(
        ['gyp err! build error', 'gyp err! not ok', 'node-gyp failed', 'gyp err! configure error'],
        /gyp ERR! (?:build error|not ok|configure error)|node-gyp failed to (?:re)?build/,
        84,
        packageAround,
      ),
      sign(
        [
          'pg_config executable not found',
          'mysql_config',
          'could not find openssl',
          'could not find directory of openssl',
          'libpq-fe.h',
          'package requirements',
          'pkg-config',
        ],
        /(?<tool>pg_config|mysql_config) (?:executable )?not found|Can not find valid pkg-config name|Could not find (?:directory of )?(?<library>OpenSSL)|No package '(?<package>[^']+)' found|Package (?<name>\S+) was not found in the pkg-config search path/i,
        90,
      ),
      sign(
        ['extconf.rb failed', 'failed to build gem native extension'],
        /(?:extconf\.rb failed|Failed to build gem native extension)/,
        84,
        withNear(
          [/An error occurred while installing (?<package>\S+ \([^)]*\))/, 80],
          [/ERROR: +Error installing (?<package>\S+):/, 10],
        ),
      ),
      sign(
        ['cmake must be installed', 'cmake error', 'is not able to compile'],
        /CMake must be installed|CMake Error(?: at (?<file>[^:]+):(?<line>\d+))?|The C(?:XX)? compiler .* is not able to compile/,
        84,
        compile('cmake'),
      ),
      sign(
        ["can't find rust compiler", 'rust toolchain', 'cargo, the rust package manager, is not installed'],
        /(?:can't find Rust compiler|Cargo, the Rust package manager, is not installed)/,
        93,
        compile('rust'),
      ),
      sign(
        ['linker `cc` not found', 'could not find `protoc`'],
        /linker `(?<tool>cc)` not found|Could not find `(?<program>protoc)`/,
        92,
      ),
      sign('phpize', /Cannot find (?<tool>autoconf|config\.m4)|configure: error: (?<message>.+)/, 84),
      sign(
        'exec: "gcc": executable file not found',
        /cgo: C compiler "(?<tool>gcc|cc)" not found|exec: "(?<name>gcc|cc)": executable file not found/,
        92,
      ),
    ],
    words: ({ package: name, tool, library, message, file, line }) => ({
      title:
        `The native module ${name ?? ''} could not be compiled${phrase(': ', tool ?? library, ' is missing')}`.replace(
          '  ',
          ' ',
        ),
      explanation: `There is no ready-made binary of it for this runtime, so it is compiled during the install, which needs python3, make and a C++ compiler${phrase('. It stopped at ', file)}${phrase(':', line)}${phrase(': ', message)}.`,
      fix: `Install ${tool ?? library ?? 'the build tools'} on the host (Debian: apt-get install python3 make g++), or use a version of ${name ?? 'the module'} that has a binary for this runtime.`,
    }),
  },
  {
    cause: 'platform_binary',
    fault: 'user',
    stages: ['build', 'health', 'install'],
    patterns: [
      sign('node_module_version', /NODE_MODULE_VERSION (?<built>\d+)\. This version of Node\.js requires/, 90, abi),
      sign("the module '", /The module '(?<path>[^']+)'/, 94, (match, sight) =>
        sight.search(/NODE_MODULE_VERSION/, 4) === null ? null : abi(match, sight),
      ),
      sign(
        'was compiled against a different node.js version',
        /was compiled against a different Node\.js version/,
        89,
        abi,
      ),
      sign(
        [
          'invalid elf header',
          'exec format error',
          'wrong architecture',
          'incompatible architecture',
          'cannot execute binary file',
          'not a valid win32',
          'wrong elf class',
        ],
        /(?<path>\/\S{1,300}\.node|[\w./@-]{0,300}\/[\w.@-]{1,100}|\S{1,200}?)['"]?: (?:.{0,60})(?:invalid ELF header|cannot execute binary file(?:: Exec format error)?|[Ee]xec format error|wrong architecture|incompatible architecture|not a valid Win32 application|wrong ELF class)/,
        94,
        fileOf,
      ),
      sign(
        ['exec format error', 'exec user process caused'],
        /(?<message>exec format error)/i,
        88,
        withNear([/exec (?<path>\/\S+)/, 0]),
      ),
      sign(
        'optional dependencies',
        /Cannot find module '?(?<package>@[\w.-]+\/[\w.-]+)'?\. npm has a bug related to optional dependencies/,
        96,
      ),
      sign(
        'cannot find module',
        /Cannot find module '(?<package>(?:@[\w.-]+\/)?[\w.-]*(?:linux|darwin|win32)-(?:x64|arm64|arm|ia32)[\w.-]*|(?:\.\.?\/)+[\w./-]*(?:linux|darwin|win32)-(?:x64|arm64)[\w.-]*\.node)'/,
        93,
      ),
      sign('package instead', /needs the "(?<package>[^"]+)" package instead/, 96, (match, { output }) => ({
        ...groups(match),
        ...groups(
          firstIn(
            output,
            ['have the "', 'package is present'],
            /have the "(?<found>[^"]+)"|"(?<installed>@esbuild\/[^"]+)" package is present/,
          ),
        ),
      })),
      sign(
        'installed esbuild for another platform',
        /You installed (?<package>esbuild) (?:for|on) another platform/,
        90,
      ),
      sign(
        ['could not load the "sharp" module', 'something went wrong installing the "sharp" module', 'sharp-'],
        /(?:Could not load|Something went wrong installing) the "(?<package>sharp)" module(?: using the (?<platform>\S+) runtime)?|'(?<file>[^']*sharp-[\w-]+\.node)'/,
        96,
      ),
      sign(
        ['could not locate the bindings file'],
        /Could not locate the bindings file/,
        82,
        withNear([/node_modules\/(?<package>(?!\.pnpm)(?:@[^/]+\/)?[^/.][^/]*)\/(?:build|lib|out|compiled)\//, 10]),
      ),
      sign(
        'no native build was found',
        /No native build was found for (?<platform>.+)/,
        92,
        withNear([/node_modules\/(?<package>(?:@[^/]+\/)?[^/\s]+)/, 4]),
      ),
      sign(
        'could not be found, and is needed by esbuild',
        /The package "(?<package>@esbuild\/[^"]+)" could not be found, and is needed by esbuild/,
        96,
      ),
      sign(
        [
          'failed to load native binding',
          'failed to load bindings',
          'cannot find native binding',
          'failed to load swc binary',
          'unsupported architecture',
          'native binding',
        ],
        /(?:[Ff]ailed to load (?:native )?(?:binding|bindings|SWC binary)(?: for (?<platform>\S+?))?(?:,|\.|$|\s)|Cannot find native binding)/,
        88,
        withNear([/(?<package>@[\w.-]+\/[\w.-]+)/, 8]),
      ),
      sign(
        ['ebadplatform', 'unsupported platform for'],
        /Unsupported platform for (?<package>\S+?): wanted (?<wanted>.+?) \(current: (?<platform>.+)\)/,
        94,
      ),
      sign('code ebadplatform', /^code EBADPLATFORM/, 84),
      sign(
        ['is incompatible with this module', 'the platform "', 'the cpu architecture "'],
        /(?<package>\S+): The (?:platform|CPU architecture) "(?<platform>[^"]+)" is incompatible with this module/,
        92,
      ),
      sign(
        'err_pnpm_unsupported_platform',
        /ERR_PNPM_UNSUPPORTED_PLATFORM\s+Unsupported platform for (?<package>\S+)/,
        93,
      ),
      sign(
        ['query engine', 'could not locate the query engine', 'binarytargets'],
        /(?:could not locate the Query Engine(?: for runtime "(?<platform>[^"]+)")?|Query engine library for current platform "(?<current>[^"]+)" could not be found|Prisma Client was generated for "(?<built>[^"]+)", but the actual deployment required "(?<wanted>[^"]+)")/,
        94,
        named({ package: '@prisma/client' }),
      ),
      sign(
        'does not match the specified platform',
        /image's platform \((?<built>[^)]+)\) does not match the (?:detected host|specified) platform \((?<platform>[^)]+)\)/,
        60,
        groups,
        { warns: true },
      ),
      sign('no matching manifest for', /no matching manifest for (?<platform>\S+)/, 90),
      sign(
        'is not a supported wheel on this platform',
        /(?<package>\S+\.whl) is not a supported wheel on this platform/,
        93,
      ),
      sign(
        'your bundle only supports platforms',
        /Your bundle only supports platforms (?<built>\[[^\]]+\]) but your local platform is (?<platform>\S+)/,
        94,
      ),
      sign(
        'error loading shared library ld-linux',
        /(?<library>ld-linux-[\w-]+\.so\.\d+): No such file or directory \(needed by (?<path>[^)]+)\)/,
        96,
      ),
    ],
    words: ({ package: name, path, file, built, wanted, platform, current, library }) => ({
      title:
        built !== undefined && /^\d+$/.test(String(built))
          ? `${file ?? path ?? 'A native module'} was built for another Node (NODE_MODULE_VERSION ${built}${phrase(', needed is ', wanted)})`
          : `${name ?? path ?? file ?? library ?? 'A native binary'} is not there for this platform${phrase(' (', platform ?? current, ')')}`,
      explanation:
        built !== undefined && /^\d+$/.test(String(built))
          ? 'Native modules fit one line of Node only. It was installed with a different one, or committed with node_modules.'
          : 'The binary was installed on another system (macOS, Alpine, another processor: invalid ELF header, exec format error), or the lockfile leaves this platform out.',
      fix:
        built !== undefined && /^\d+$/.test(String(built))
          ? 'Use the same Node for build and run (`engines.node`), do not commit node_modules, and deploy with `reuse: none`.'
          : 'Remove node_modules and the lockfile, install again so that all platforms are in the lockfile, and commit it. Never commit node_modules.',
    }),
  },
];

function abi(match: RegExpExecArray, { search, output }: Sight): Details {
  const built = /NODE_MODULE_VERSION (\d+)/.exec(match[0])?.[1] ?? search(/NODE_MODULE_VERSION (\d+)/, 4)?.[1];
  const wanted = firstIn(
    output,
    ['node_module_version'],
    /^NODE_MODULE_VERSION (\d+)\. Please try|requires NODE_MODULE_VERSION (\d+)|^\s*NODE_MODULE_VERSION (\d+)\. Please/,
  )
    ?.slice(1)
    .find((value) => value !== undefined);
  const path = match.groups?.['path'] ?? firstIn(output, ["the module '"], /The module '([^']+)'/)?.[1];
  return {
    ...(built === undefined ? {} : { built }),
    ...(wanted === undefined ? {} : { wanted }),
    ...(path === undefined ? {} : { path, file: basename(path), ...ownerOf(path) }),
  };
}

function fileOf(match: RegExpExecArray): Details {
  const path = match.groups?.['path'];
  return path === undefined ? {} : { path, file: basename(path), ...ownerOf(path) };
}

function ownerOf(path: string): Details {
  const owner = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  return owner === undefined ? {} : { package: owner };
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
