import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

export const runtime: readonly Rule[] = [
  {
    cause: 'runtime_version',
    fault: 'user',
    stages: ['environment', 'install', 'build', 'health'],
    patterns: [
      {
        hints: ['does not support node.js'],
        regex: /npm v(?<needs>\S+) does not support Node\.js (?<running>v\S+?)\.?(?=\s|$)/,
        weight: 82,
        take: groups,
      },
      {
        hints: ['the engine "'],
        regex:
          /(?<package>\S+): The engine "(?<engine>\w+)" is incompatible with this module\. Expected version "(?<wanted>[^"]+)"\. Got "(?<running>[^"]+)"/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['ebadengine'],
        regex: /^code EBADENGINE/,
        weight: 86,
        take: (_, { search }) => ({
          ...groups(search(/Required: \{"(?<engine>\w+)":"(?<wanted>[^"]+)"/, 8)),
          ...groups(search(/Actual: .*"node":"(?<running>v?[\d.]+)"/, 9)),
        }),
      },
      {
        hints: ['unsupported_engine'],
        regex: /ERR_PNPM_UNSUPPORTED_ENGINE.*(?:bad pnpm and\/or )?Node\.js version/,
        weight: 76,
        take: (_, { search }) => ({
          ...groups(search(/Expected version: (?<wanted>.+)/, 10)),
          ...groups(search(/Got: (?<running>.+)/, 10)),
        }),
      },
      {
        hints: ['nvm ls-remote'],
        regex: /Version '(?<wanted>[^']+)' not found - try `nvm ls-remote`/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['no matching version found for node@'],
        regex: /No matching version found for node@(?<wanted>\S+?)\.?$/,
        weight: 95,
        take: (match) => ({ wanted: `v${match.groups?.['wanted'] ?? ''}` }),
      },
      {
        hints: ['requires a different python'],
        regex: /Package '(?<package>[^']+)' requires a different Python: (?<running>\S+) not in '(?<wanted>[^']+)'/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['requires go >='],
        regex: /go\.mod requires go >= (?<wanted>[\d.]+) \(running go (?<running>[\d.]+)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['you are using node.js', 'you are running node'],
        regex:
          /You are (?:using|running) Node(?:\.js)? v?(?<running>[\d.]+)\.? .*?(?:requires?|version) .*?(?<wanted>[>^=v]*\d+[\d. |>=^x]*)/i,
        weight: 88,
        take: groups,
      },
      {
        hints: ['node.js version'],
        regex: /Node\.js version "?(?<wanted>[^"]+?)"? is required/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['syntaxerror'],
        regex: /SyntaxError: The requested module 'node:(?<package>[\w/]+)' does not provide an export named/,
        weight: 84,
        take: groups,
      },
    ],
    words: ({ package: name, wanted, running, needs }, failure) => ({
      title:
        wanted === undefined
          ? `npm ${needs ?? ''} does not run on Node ${running ?? ''}`
          : `${name ?? 'The project'} needs ${wanted}, and ${running ?? 'there is none such'}${running === undefined ? '' : ' is used'}`,
      explanation: `The version of the runtime is not one that is asked for or exists${phrase('. This deployment uses Node ', failure.context.plan?.runtime.wanted)}.`,
      fix: `Set \`engines.node\` in package.json (or .nvmrc) to a version that fits${phrase(': ', wanted)}, and push.`,
    }),
  },
  {
    cause: 'system_library',
    fault: 'user',
    stages: ['environment', 'health'],
    patterns: [
      {
        hints: ['not found (required by'],
        regex: /version `GLIBC(?:XX)?_[\d.]+' not found \(required by (?<program>[^)]+)\)/,
        weight: 93,
        take: libraries,
      },
      {
        hints: ['cannot open shared object file'],
        regex: /(?<library>[\w.+-]+\.so[\d.]*): cannot open shared object file/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ library, program }) => ({
      title: `The system lacks ${library ?? 'a library'}${phrase(', which ', program, ' needs')}`,
      explanation: String(library).startsWith('GLIBC')
        ? 'The program was built for a newer system than the one it runs on.'
        : 'A native module is linked to a library that is not installed where it runs.',
      fix: String(library).startsWith('GLIBC')
        ? 'Run on a newer base system, or use a version of the program that was built for this one.'
        : `Install the package that holds ${library ?? 'the library'} on the host or in the image, or reinstall the module so that it brings its own.`,
    }),
  },
  {
    cause: 'openssl_legacy',
    fault: 'user',
    stages: ['build'],
    patterns: [
      {
        hints: ['digital envelope routines', 'err_ossl_evp_unsupported'],
        regex: /(?<code>error:0308010C|ERR_OSSL_EVP_UNSUPPORTED)/,
        weight: 94,
        take: groups,
      },
    ],
    words: ({ code }) => ({
      title: `webpack 4 does not run on this Node (${code ?? 'ERR_OSSL_EVP_UNSUPPORTED'})`,
      explanation: 'It hashes with MD4, which OpenSSL 3 (Node 17 and later) does not offer any more.',
      fix: 'Upgrade webpack to 5 (react-scripts to 5). Until then: Node 16 in `engines.node`, or NODE_OPTIONS=--openssl-legacy-provider for the build.',
    }),
  },
];

/** The loader names each version that it misses; what the newest needs is what tells. */
function libraries(match: RegExpExecArray, { output }: Sight): Details {
  const names = output.lines.flatMap(({ bare }) => /version `(GLIBC(?:XX)?_[\d.]+)' not found/.exec(bare)?.[1] ?? []);
  return { ...groups(match), library: [...new Set(names)].join(', ') };
}
