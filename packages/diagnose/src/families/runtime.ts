import { type Details, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';
import { NODE_VERSIONS, OTHER_VERSIONS, versionsOf } from './runtime-versions.ts';

export const runtime: readonly Rule[] = [
  {
    cause: 'runtime_version',
    fault: 'user',
    stages: ['environment', 'install', 'build', 'package', 'health'],
    patterns: [...NODE_VERSIONS, ...OTHER_VERSIONS],
    words: (details, failure) => {
      const { package: name, missing, tool, flag, needs, language } = details;
      const { wanted, running } = versionsOf(details);
      const plan = failure.context.plan?.runtime;
      const who = name ?? tool ?? 'The project';
      const what = language ?? 'the runtime';
      return {
        title:
          missing !== undefined || flag !== undefined
            ? `${what} is too old: it has no ${missing ?? flag}`
            : needs !== undefined && name === undefined && tool === undefined
              ? `npm ${needs} does not run on Node ${running ?? ''}`.trim()
              : running === undefined
                ? `${who} needs ${what} ${wanted ?? 'in another version'}, and there is none such`
                : `${who} needs ${what} ${wanted ?? 'in another version'}, and ${running} is used`,
        explanation: `The version of ${what} is not one that is asked for or exists${plan === undefined ? '' : `. This deployment uses ${plan.name} ${plan.wanted}`}.`,
        fix: `Set the version in the file that names it (\`engines.node\` in package.json or .nvmrc; .python-version, .ruby-version, go.mod) to one that fits${phrase(': ', wanted)}, and push.`,
      };
    },
  },
  {
    cause: 'system_library',
    fault: 'user',
    stages: ['environment', 'install', 'build', 'health'],
    patterns: [
      sign(
        'not found (required by',
        /version `(?:GLIBC|GLIBCXX|CXXABI)_[\d.]+' not found \(required by (?<program>[^)]+)\)/,
        94,
        libraries,
      ),
      sign('cannot open shared object file', /(?<library>[\w.+-]+\.so[\d.]*): cannot open shared object file/, 92),
      sign(
        'error loading shared library',
        /Error loading shared library (?<library>[\w.+-]+\.so[\w.]*): No such file or directory(?: \(needed by (?<program>[^)]+)\))?/,
        94,
      ),
      sign('symbol not found', /Error relocating (?<program>[^:]+): (?<library>\S+): symbol not found/, 88),
      sign('library not loaded', /Library not loaded: (?<library>\S+)/, 84),
      sign(
        ['unable to require openssl', 'libssl', 'libquery_engine'],
        /(?:Unable to require\(`(?<program>[^`]+)`\)|(?<library>libssl\.so\.[\d.]+): cannot open)/,
        82,
      ),
      sign(
        'host system is missing dependencies',
        /Host system is missing dependencies to run browsers/,
        90,
        named({ program: 'the browser' }),
      ),
      sign('undefined symbol', /(?<program>\S+\.(?:so|node)\S*): undefined symbol: (?<library>\S+)/, 86),
    ],
    words: ({ library, program }) => ({
      title: `The system lacks ${library ?? 'a library'}${phrase(', which ', program, ' needs')}`,
      explanation: /GLIBC|CXXABI/.test(String(library))
        ? 'The program was built for a newer system than the one it runs on.'
        : 'A program or native module is linked to a library that is not installed where it runs.',
      fix: /GLIBC|CXXABI/.test(String(library))
        ? 'Run on a newer base system, or use a version of the program that was built for this one.'
        : `Install the package that holds ${library ?? 'the library'} on the host or in the image, or reinstall the module so that it brings its own.`,
    }),
  },
  {
    cause: 'openssl_legacy',
    fault: 'user',
    stages: ['build'],
    patterns: [
      sign(
        ['digital envelope routines', 'err_ossl_evp_unsupported', '0308010c'],
        /(?<code>error:0308010C:digital envelope routines::unsupported|error:0308010C|ERR_OSSL_EVP_UNSUPPORTED|digital envelope routines::unsupported)/,
        94,
        withNear(
          [/node_modules\/(?<package>webpack|@angular-devkit\/build-angular|react-scripts|@vue\/cli-service)\//, 12],
          [/Node\.js (?<running>v\d[\d.]*)/, 40],
        ),
      ),
      sign(
        '--openssl-legacy-provider',
        /node: --openssl-legacy-provider is not allowed in NODE_OPTIONS/,
        90,
        named({ code: '--openssl-legacy-provider' }),
      ),
    ],
    words: ({ code, running }) => ({
      title: `webpack 4 does not run on this Node (${code ?? 'ERR_OSSL_EVP_UNSUPPORTED'})`,
      explanation: `It hashes with MD4, which OpenSSL 3 (Node 17 and later${phrase(', here ', running)}) does not offer any more.`,
      fix: 'Upgrade webpack to 5 (react-scripts to 5). Until then: Node 16 in `engines.node`, or NODE_OPTIONS=--openssl-legacy-provider for the build.',
    }),
  },
  {
    cause: 'package_manager_mismatch',
    fault: 'user',
    stages: ['install', 'environment'],
    patterns: [
      sign(
        ['this project is configured to use', 'project requires'],
        /This project is configured to use (?<wanted>[\w@.-]+(?: of (?:pnpm|yarn|npm))?)(?:.*Your current pnpm is (?<running>v[\d.]+))?/,
        93,
      ),
      sign(
        "this project's package.json defines",
        /This project's package\.json defines "packageManager": "?(?<wanted>[^"\s]+)/,
        93,
      ),
      sign(
        ['however the current global version of yarn', 'presence of the "packagemanager"'],
        /current global version of Yarn is (?<running>[\d.]+)/,
        70,
      ),
      sign('bad_pm_version', /ERR_PNPM_BAD_PM_VERSION\s+(?<message>.+)/, 92),
      sign('other_pm_expected', /ERR_PNPM_OTHER_PM_EXPECTED\s+.*configured to use (?<wanted>\S+)/, 93),
      sign('your pnpm version is incompatible with', /Your (?<manager>pnpm) version is incompatible with/, 92, engines),
      sign('unsupported_engine', /ERR_PNPM_UNSUPPORTED_ENGINE/, 74, (match, sight) =>
        sight.search(/Your pnpm version is incompatible/, 12) === null ? null : engines(match, sight),
      ),
      sign(
        'the engine "',
        /(?<package>\S+): The engine "(?<manager>npm|yarn|pnpm)" (?:is incompatible with this module\. Expected version "(?<wanted>[^"]+)"\. Got "(?<running>[^"]+)"|appears to be invalid)/,
        93,
      ),
      sign(
        'required:',
        /^(?:notsup |engine )?Required: *\{(?!.*"node").*"(?<manager>npm|yarn|pnpm)":"(?<wanted>[^"]+)"/,
        91,
      ),
      sign(
        ['for installation in this project', 'use "'],
        /Use "(?<wanted>(?:pnpm|yarn|npm|bun|cnpm) install)" for installation in this project/,
        94,
      ),
      sign(
        'please use',
        /(?:Please|You must) use (?<wanted>pnpm|yarn|npm|bun) (?:to install|instead|as (?:the )?package manager|for (?:installing|this))/i,
        82,
      ),
      sign('ignoring not compatible lockfile', /Ignoring not compatible lockfile at (?<lockfile>\S+)/, 93, groups, {
        warns: true,
      }),
      sign('lockfile_breaking_change', /ERR_PNPM_LOCKFILE_BREAKING_CHANGE\s+Lockfile (?<lockfile>\S+)/, 93),
      sign('is not compatible with current pnpm', /(?<lockfile>\S+) is not compatible with current pnpm/, 90),
      sign(
        'this version of npm is compatible with lockfileversion',
        /compatible with lockfileVersion@(?<running>\d), but (?<lockfile>\S+) was generated for lockfileVersion@(?<wanted>\d)/,
        62,
        groups,
        { warns: true },
      ),
      sign(
        ['lockfile version', 'lockfileversion', 'unknown lockfile'],
        /(?:error: |Error: )?(?:Outdated|Unknown|Unsupported|Invalid|InvalidLockfileVersion)(?: |:)?(?:bun )?(?:lock ?file(?: |-)?version|lockfile)[:,]?\s?(?<lockfile>.{0,80})/i,
        88,
      ),
      sign(
        ['unknown token:', 'invalid value type'],
        /(?:Unknown token: |Invalid value type) .*\d+:\d+ in (?<lockfile>\S*yarn\.lock)/,
        92,
      ),
      sign(
        ['cannot find matching keyid', 'signature does not match', 'no compatible signature found'],
        /(?<message>Cannot find matching keyid|Signature does not match|No compatible signature found in package metadata)/,
        94,
        named({ tool: 'corepack' }),
      ),
      sign("reading 'some'", /Cannot read properties of undefined \(reading 'some'\)/, 62, (_, { output }) =>
        output.lowerCase.includes('corepack') ? { tool: 'corepack' } : null,
      ),
      sign('cannot read property', /^(?<message>Cannot read property '[^']+' of undefined)$/, 70),
      sign(
        [
          'no parseable version',
          'not a valid semver',
          'invalid package manager specification',
          'unsupported package manager specification',
        ],
        /(?:Invalid|Unsupported) package manager specification(?: in \S+)? \((?<wanted>[^)]+)\)|No parseable version|expected a semver version/i,
        92,
        named({ file: 'package.json' }),
      ),
      sign('failed to switch pnpm', /Failed to switch pnpm to v?(?<wanted>[\d.]+)/, 88),
      sign(
        ["could not find 'bundler'", 'find bundler'],
        /Could not find 'bundler' \((?<wanted>[\d.]+)\) required by (?:your )?(?<lockfile>\S+?)\.?$/,
        92,
      ),
      sign(
        ['poetry.lock', 'lock file is not compatible', 'lock file version'],
        /(?<lockfile>(?:poetry|composer|uv)\.lock|lock file) (?:is not compatible|was generated by (?:a newer|another) version|version .{0,30}not (?:supported|compatible))/i,
        88,
      ),
      sign(
        ['lock file version', 'lockfile version'],
        /lock ?file version `?(?<wanted>\d+)`?.*requires `?-Znext-lockfile-bump|(?:parse|parsing) lock file/i,
        80,
        named({ lockfile: 'Cargo.lock' }),
      ),
      sign(
        ['project was not found in the lockfile', 'mixed package managers', "you're trying to use yarn"],
        /(?:mixed package managers|conflicting lockfiles?|multiple lockfiles?)/i,
        50,
      ),
    ],
    words: ({ wanted, lockfile, tool, running, message, manager }, failure) => ({
      title:
        tool === 'corepack'
          ? `corepack can’t verify the package manager’s signature${phrase(' (', message, ')')}`
          : `The wrong package manager was used${wanted === undefined ? '' : `: the project asks for ${manager === undefined ? '' : `${manager} `}${wanted}`}`,
      explanation:
        tool === 'corepack'
          ? 'The corepack that came with this Node does not know the registry’s present signing keys.'
          : `${lockfile === undefined ? 'The project names its package manager and version' : `${lockfile} was written by another generation of the package manager`}${running === undefined ? '' : `; ${running} ran`}.${phrase(' It said: ', message, '.')}`,
      fix:
        tool === 'corepack'
          ? 'Ask for a newer Node, or set COREPACK_INTEGRITY_KEYS=0 for the build.'
          : `Name the version that wrote the lockfile in \`packageManager\` of package.json (now: ${failure.context.plan?.packageManager?.version ?? 'none'}), or write the lockfile anew with the one you want.`,
    }),
  },
];

/** The loader names each version that it misses; what the newest needs is what tells. */
function libraries(match: RegExpExecArray, { output }: Sight): Details {
  const names = output
    .linesWith(["' not found (required"])
    .flatMap(
      (at) => /version `((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found/.exec(output.lines[at]?.bare ?? '')?.[1] ?? [],
    );
  return { ...groups(match), library: [...new Set(names)].join(', ') };
}

function engines(_: RegExpExecArray, { search }: Sight): Details {
  const wanted = search(/Expected version: (\S+)/, 12)?.[1];
  const got = search(/Got: (\S+)/, 12)?.[1];
  return {
    ...(wanted === undefined ? {} : { wanted: `pnpm ${wanted}` }),
    ...(got === undefined ? {} : { running: `pnpm ${got}` }),
  };
}
