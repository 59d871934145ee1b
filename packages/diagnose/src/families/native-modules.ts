import { type Details, firstIn, groups, phrase, type Rule, type Sight } from '../rule.ts';

/** Which package was being built: from its directory, or from npm's `path`. */
function packageAround(match: RegExpExecArray, { output, at }: Sight): Details {
  const text = output.lines.slice(Math.max(0, at - 60), at + 60).map(({ bare }) => bare);
  const named = text
    .map((line) => /(?:^path |cwd |checked for ")\S*node_modules\/((?:@[^/\s]+\/)?[^/\s"]+)/.exec(line)?.[1])
    .find((value) => value !== undefined);
  return { ...groups(match), ...(named === undefined ? {} : { package: named }) };
}

export const nativeModules: readonly Rule[] = [
  {
    cause: 'native_build_failed',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['could not find any python'],
        regex: /Could not find any Python installation to use/,
        weight: 92,
        take: (match, sight) => ({ ...packageAround(match, sight), tool: 'python3' }),
      },
      {
        hints: ['not found: '],
        regex: /gyp ERR! stack Error: not found: (?<tool>make|g\+\+|gcc|cc|c\+\+)/,
        weight: 92,
        take: packageAround,
      },
      {
        hints: ['not found'],
        regex: /(?<tool>g\+\+|gcc|cc|c\+\+|make): (?:not found|command not found|No such file or directory)/i,
        weight: 84,
        take: packageAround,
      },
      {
        hints: ['gyp err! build error', 'gyp err! not ok', 'node-gyp failed'],
        regex: /gyp ERR! (?:build error|not ok)|node-gyp failed to (?:re)?build/,
        weight: 88,
        take: packageAround,
      },
    ],
    words: ({ package: name, tool }) => ({
      title: `The native module ${name ?? ''} could not be compiled${phrase(': ', tool, ' is missing')}`.replace(
        '  ',
        ' ',
      ),
      explanation:
        'There is no ready-made binary of it for this runtime, so it is compiled during the install, which needs python3, make and a C++ compiler.',
      fix: `Install ${tool ?? 'the build tools'} on the host (Debian: apt-get install python3 make g++), or use a version of ${name ?? 'the module'} that has a binary for this Node.`,
    }),
  },
  {
    cause: 'platform_binary',
    fault: 'user',
    stages: ['build', 'health', 'install'],
    patterns: [
      {
        hints: ['node_module_version'],
        regex: /NODE_MODULE_VERSION (?<built>\d+)\. This version of Node\.js requires/,
        weight: 90,
        take: abi,
      },
      {
        hints: ["the module '"],
        regex: /The module '(?<path>[^']+)'/,
        weight: 93,
        take: abi,
      },
      {
        hints: ['invalid elf header', 'exec format error', 'mach-o, but wrong architecture'],
        regex:
          /(?<path>\/\S+\.node|\S+): (?:invalid ELF header|cannot execute binary file: Exec format error|Exec format error|mach-o, but wrong architecture)/,
        weight: 93,
        take: fileOf,
      },
      {
        hints: ['optional dependencies'],
        regex: /Cannot find module '?(?<package>@[\w.-]+\/[\w.-]+)'?\. npm has a bug related to optional dependencies/,
        weight: 95,
        take: groups,
      },
      {
        hints: ['package instead'],
        regex: /needs the "(?<package>[^"]+)" package instead/,
        weight: 95,
        take: (match, { output }) => ({
          ...groups(match),
          ...groups(
            firstIn(
              output,
              /present but this platform|have the "(?<found>[^"]+)"|"(?<installed>@esbuild\/[^"]+)" package is present/,
            ),
          ),
        }),
      },
      {
        hints: ['could not load the "sharp" module', 'something went wrong installing the "sharp" module'],
        regex:
          /(?:Could not load|Something went wrong installing) the "(?<package>sharp)" module(?: using the (?<platform>\S+) runtime)?/,
        weight: 95,
        take: groups,
      },
      {
        hints: ['could not locate the bindings file'],
        regex: /Could not locate the bindings file/,
        weight: 72,
        take: (_, { search }) => ({
          ...groups(search(/node_modules\/(?<package>(?:@[^/]+\/)?[^/.][^/]*)\/(?:build|lib)\//, 10)),
        }),
      },
      {
        hints: ['the package "@esbuild/', 'could not be found, and is needed by esbuild'],
        regex: /The package "(?<package>@esbuild\/[^"]+)" could not be found, and is needed by esbuild/,
        weight: 95,
        take: groups,
      },
    ],
    words: ({ package: name, path, file, built, wanted, platform }) => ({
      title:
        built !== undefined
          ? `${file ?? path ?? 'A native module'} was built for another Node (NODE_MODULE_VERSION ${built}${phrase(', needed is ', wanted)})`
          : `${name ?? file ?? path ?? 'A native binary'} is not there for this platform${phrase(' (', platform, ')')}`,
      explanation:
        built !== undefined
          ? 'Native modules fit one line of Node only. It was installed with a different one, or committed with node_modules.'
          : 'The binary was installed on another system (macOS, Alpine, another processor), or the lockfile leaves this platform out.',
      fix:
        built !== undefined
          ? 'Use the same Node for build and run (`engines.node`), do not commit node_modules, and deploy with `reuse: none`.'
          : `Remove node_modules and the lockfile, install again so that all platforms are in the lockfile, and commit it. Never commit node_modules.`,
    }),
  },
];

function abi(match: RegExpExecArray, { search, output }: Sight): Details {
  const built = /NODE_MODULE_VERSION (\d+)/.exec(match[0])?.[1] ?? search(/NODE_MODULE_VERSION (\d+)/, 4)?.[1];
  const wanted = firstIn(
    output,
    /^NODE_MODULE_VERSION (\d+)\. Please try|requires NODE_MODULE_VERSION (\d+)|^\s*NODE_MODULE_VERSION (\d+)\. Please/,
  )
    ?.slice(1)
    .find((value) => value !== undefined);
  const path = match.groups?.['path'] ?? firstIn(output, /The module '([^']+)'/)?.[1];
  return {
    ...(built === undefined ? {} : { built }),
    ...(wanted === undefined ? {} : { wanted }),
    ...(path === undefined ? {} : { path, file: basename(path) }),
  };
}

function fileOf(match: RegExpExecArray): Details {
  const path = match.groups?.['path'];
  return path === undefined ? {} : { path, file: basename(path) };
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
