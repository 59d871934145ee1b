import { type Details, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';
import { peers } from './peers.ts';

export const dependencies: readonly Rule[] = [
  {
    cause: 'peer_conflict',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign('eresolve', /^code ERESOLVE|ERESOLVE (?:unable to resolve|could not resolve)/, 90, peers),
      sign('peer_dep_issues', /ERR_PNPM_PEER_DEP_ISSUES/, 90, (_, { search }) => ({
        ...groups(search(/[─┬] (?<by>(?:@[\w.-]+\/)?[\w.-]+ \d\S*)$/, 10)),
        ...groups(search(/(?:unmet|missing) peer (?<needs>[^:]+)(?:: found (?<found>\S+))?/, 14)),
      })),
      sign(
        ['has unmet peer dependency', 'has incorrect peer dependency'],
        /error ".*(?<by>[\w@/.-]+)" has (?:unmet|incorrect) peer dependency "(?<needs>[^"]+)"/,
        84,
      ),
      sign(
        ['incorrect peer dependency', 'unmet peer dependency'],
        /error: incorrect peer dependency "(?<needs>[^"]+)"/,
        84,
      ),
      sign(
        ['conflicting dependencies', 'resolutionimpossible'],
        /Cannot install (?<by>.+?) because these package versions have conflicting dependencies|ResolutionImpossible/,
        88,
        withNear([/^\s+(?<needs>\S+ .*depends on .+)/, 8]),
      ),
      sign(
        ['version solving failed', 'so, because'],
        /So, because (?<by>.+)|^Because (?<needs>.+), version solving failed/,
        76,
      ),
      sign(
        ['no solution found when resolving dependencies', 'are incompatible'],
        /Because (?<by>\S+ depends on .+?) (?:and|we can conclude)/,
        70,
      ),
      sign(
        ['your requirements could not be resolved to an installable set'],
        /Your requirements could not be resolved to an installable set of packages/,
        66,
        withNear([/(?<by>[\w.-]+\/[\w.-]+) \S+ requires (?<needs>\S+ .+?) ->/, 10]),
      ),
      sign(
        'could not find compatible versions',
        /(?:Bundler c|C)ould not find compatible versions for gem "(?<by>[^"]+)"/,
        90,
      ),
      sign(
        'could not find compatible versions',
        /^\s*Could not find compatible versions$/,
        86,
        withNear([/Because (?<by>.+)/, 4]),
      ),
    ],
    words: ({ needs, by, found }) => ({
      title: `${by ?? 'A package'} does not fit what the project uses${phrase(' (it needs ', needs, ')')}`,
      explanation: `Packages that are used together ask for different versions${phrase('; the project has ', found)}.`,
      fix: `Upgrade ${by ?? 'the package that asks for the older version'} to one that takes ${found ?? 'what the project has'}, or lower the other one. \`legacy-peer-deps\` only hides it.`,
    }),
  },
  {
    cause: 'local_dependency_missing',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign('workspace not found', /(?<dependency>[^\s:]+@workspace:[^\s:]+): Workspace not found/, 93),
      sign(
        'unsupported url type',
        /Unsupported URL Type "(?<protocol>workspace:|catalog:|link:|portal:|patch:)": (?<dependency>\S+)/,
        92,
      ),
      sign(
        'unsupported protocol',
        /Unsupported protocol (?<protocol>\w+:)|(?<dependency>\S+)@(?<url>workspace|catalog|link|portal):\S*: (?:No candidates|isn't supported)/,
        86,
      ),
      sign(
        ['"workspace:', '"catalog:', 'version "workspace', 'matches "workspace'],
        /(?:Couldn't find any versions for "(?<dependency>[^"]+)" that matches "(?<protocol>(?:workspace|catalog):[^"]*)"|Invalid (?:comparator|version):? "?(?<version>workspace:\S*))/,
        94,
      ),
      sign('linked_pkg_dir_not_found', /Could not install from "(?<path>[^"]+)" as it does not exist/, 94),
      sign('workspace_pkg_not_found', /ERR_PNPM_WORKSPACE_PKG_NOT_FOUND.*?"(?<dependency>[^"@]+(?:@[^"]+)?)"/, 93),
      sign(
        'no_matching_version_inside_workspace',
        /ERR_PNPM_NO_MATCHING_VERSION_INSIDE_WORKSPACE.*?No matching version found for (?<dependency>\S+)/,
        93,
      ),
      sign(
        ['workspace dependency', 'failed to resolve workspace'],
        /[Ww]orkspace dependency "(?<dependency>[^"]+)" not found/,
        93,
      ),
      sign('catalog_entry_not_found', /ERR_PNPM_CATALOG_ENTRY_NOT_FOUND_FOR_SPEC.*?'(?<dependency>[^']+)'/, 92),
      sign(
        ['enoent'],
        /ENOENT: no such file or directory, (?:open|stat|lstat|scandir) '(?<path>[^']*(?:\.\.\/|\/(?:packages|libs|shared|vendor)\/)[^']*(?:package\.json|\.tgz))'/,
        88,
      ),
      sign(
        'could not read package.json',
        /Could not read package\.json: Error: ENOENT.*'(?<path>[^']*(?:packages|libs|shared|vendor)\/[^']+\/package\.json)'/,
        60,
      ),
      sign('enolocal', /ENOLOCAL.*?(?:Could not install from "(?<path>[^"]+)")?/, 90),
      sign(
        'could not install from "',
        /Could not install from "(?<path>[^"]+)" as it does not (?:exist|contain a package\.json)/,
        92,
      ),
      sign(
        'package "" refers to a non-existing file',
        /Package "(?<dependency>[^"]*)" refers to a non-existing file '"?(?<path>[^'"]+)/,
        94,
      ),
      sign('refers to a non-existing file', /refers to a non-existing file '"?(?<path>[^'"]+)/, 93),
      sign(
        ['file:', 'folder'],
        /error: (?:ENOENT|FileNotFound|failed to resolve).{0,60}(?<path>(?:file|link):\S+)/,
        88,
      ),
      sign(
        ['no such file or directory: ', 'file or directory'],
        /Could not install packages due to an OSError: .*No such file or directory: '(?<path>[^']+)'/,
        86,
      ),
      sign(
        ['is not a valid editable requirement', 'does not appear to be a python project', 'is not installable'],
        /(?:ERROR: )?(?<path>\S+) (?:is not a valid editable requirement|does not appear to be a Python project)|Directory '(?<dir>[^']+)' is not installable/,
        84,
      ),
      sign('the path `', /The path `(?<path>[^`]+)` does not exist/, 88),
      sign(
        ['source path', 'path does not exist'],
        /Source path "(?<path>[^"]+)" is not found for package (?<dependency>\S+)/,
        93,
      ),
      sign('replacement directory', /replacement directory (?<path>\S+) does not exist/, 93),
      sign(
        'failed to load source for dependency',
        /failed to load source for dependency `(?<dependency>[^`]+)`/,
        88,
        withNear([/[Uu]nable to update (?<path>\S+)/, 4]),
      ),
    ],
    words: ({ dependency, path, dir, protocol, version }) => ({
      title: `${dependency ?? path ?? dir ?? protocol ?? version ?? 'A local dependency'} is not in the repository`,
      explanation: `The manifest refers to a package by its place${phrase(' (', protocol ?? version, ')')}, and there is nothing in that place in what is deployed, or the package manager that ran does not know such references.`,
      fix: 'Deploy from the root of the workspace with its own package manager (set `root` in switchyard.json to the app’s directory in it), or publish the package and depend on its version.',
    }),
  },
  {
    cause: 'manifest_missing',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign('package.json', /ENOENT: no such file or directory, open '(?<path>[^']*package\.json)'/, 87),
      sign("couldn't find a package.json", /Couldn't find a package\.json file in "(?<path>[^"]+)"/, 91),
      sign(
        ['no_pkg_manifest', 'no_importer_manifest', 'no package.json'],
        /No package\.json (?:\(or package\.yaml, or package\.json5\) )?was found in "(?<path>[^"]+)"/,
        91,
      ),
      sign(
        [
          'could not find a package.json',
          'no package.json was found',
          'missing package.json',
          'does not contain a package.json',
        ],
        /(?:[Cc]ould not find (?:a )?|[Nn]o |[Mm]issing |does not contain a )package\.json(?: file)?(?: (?:was )?found)?(?: (?:in|for|at) "?(?<path>[^"\s]+))?/,
        84,
      ),
      sign(
        "project package.json doesn't",
        /The nearest package directory \((?<path>[^)]+)\) doesn't seem to be part of the project/,
        88,
      ),
      sign('could not open requirements file', /Could not open requirements file: .*'(?<path>[^']+)'/, 93),
      sign(
        ['could not find a pyproject.toml', 'no `pyproject.toml` found', 'poetry could not find'],
        /(?:could not find a |No `)(?<path>pyproject\.toml)`?(?: file)?(?: in (?<directory>\S+))?/i,
        92,
      ),
      sign(['could not locate gemfile', 'no such file gemfile'], /Could not locate (?<path>Gemfile)/, 92),
      sign(
        'composer could not find a composer.json',
        /Composer could not find a (?<path>composer\.json) file(?: in (?<directory>\S+))?/,
        92,
      ),
      sign(
        ['go.mod file not found', 'cannot find main module'],
        /(?<path>go\.mod) file not found in current directory|cannot find main module, but/,
        91,
      ),
      sign('could not find `cargo.toml`', /could not find `(?<path>Cargo\.toml)` in `(?<directory>[^`]+)`/, 92),
      sign('there is no pom in this directory', /there is no POM in this directory \((?<path>[^)]+)\)/, 92),
      sign('does not contain a gradle build', /Directory '(?<path>[^']+)' does not contain a Gradle build/, 92),
      sign(
        'no such file or directory',
        /(?:cannot access|cannot stat|can't open) '?(?<path>[\w./-]*(?:package\.json|requirements\.txt|Gemfile|composer\.json))'?: No such file/,
        84,
      ),
    ],
    words: ({ path, directory }) => ({
      title: `There is no ${path === undefined ? 'package.json' : /\.\w+$|file$/.test(String(path)) ? path : `package.json at ${path}`}${phrase(' in ', directory)}`,
      explanation: 'The install looked for it in the app’s directory.',
      fix: 'If the app is in a sub-directory, set `root` in switchyard.json; else commit the file.',
    }),
  },
  {
    cause: 'manifest_invalid',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign('ejsonparse', /^code EJSONPARSE/, 92, (_, { search }) => ({
        file: 'package.json',
        ...groups(search(/path (?<file>\S+)/, 4)),
        ...groups(search(/(?<message>Unexpected .+|Expected .+|Merge conflict .+)/, 14)),
      })),
      sign('while parsing', /in JSON at position (?<position>\d+).* while parsing .* in (?<file>\S+)/, 93),
      sign(
        'error parsing json',
        /(?<message>Unexpected .*|Expected .*)? ?(?:error|Error) [Pp]arsing JSON(?: (?:at|file))? "?(?<file>[^"\s:]+)|(?<path>\S*package\.json): (?<reason>Unexpected .+|Expected .+|Bad control .+) in JSON/,
        90,
      ),
      sign(
        'package.json',
        /(?:SyntaxError|JSONParseError|Error|error)(?: reading)?:? .*?(?<file>\S*package\.json)"?: (?<message>(?:Unexpected|Expected|Bad|.*JSON).+)/,
        86,
      ),
      sign(
        ['json_parse', 'err_pnpm_json_parse'],
        /ERR_PNPM_JSON_PARSE\s+(?<message>.+?)(?: while parsing .* in (?<file>\S+))?$/,
        93,
      ),
      sign('conflicts with direct dependency', /Override for (?<package>\S+) conflicts with direct dependency/, 93),
      sign(
        ['einvalidpackagename', 'invalid package name', 'einvalidtagname', 'invalid tag name'],
        /Invalid (?:package|tag) name "?(?<package>[^":]+)/,
        88,
      ),
      sign(
        ['package.json must be', 'name contains illegal characters', 'invalid version:', 'invalid comparator'],
        /(?<message>(?:Name contains illegal characters|Invalid (?:version|comparator): "?[^"]+|package\.json must be (?:actual JSON|an object)).*)/,
        80,
      ),
      sign('failed to parse package data', /Failed to parse package data/, 80),
      sign('is not a valid semver', /"?(?<package>[^"\s]+)"? is not a valid (?:semver|SemVer) (?:range|version)/i, 84),
      sign(
        [
          'failed to apply patch',
          'patch_failed',
          'patch_not_applied',
          'unused_patch',
          'patch file',
          'could not apply patch',
        ],
        /(?:ERR_PNPM_(?:PATCH_FAILED|PATCH_NOT_APPLIED|UNUSED_PATCH|PATCH_FILE_NOT_FOUND|INVALID_PATCH)\s+(?<message>.+)|Failed to apply patch for package (?<package>\S+)|Cannot apply hunk|Could not apply patch "?(?<patch>[^"\s]+))/,
        92,
      ),
      sign(
        ['invalid requirement', 'invalid specifier'],
        /Invalid requirement: ['"]?(?<package>[^'"(]+)['"]?(?:.*\(from line (?<line>\d+) of (?<file>[^)]+)\))?/,
        91,
      ),
      sign(
        ['failed to parse: `pyproject', 'invalid toml', 'toml parse error', 'tomldecodeerror'],
        /(?:TOML parse error at line (?<line>\d+)|TOMLDecodeError: (?<message>.+)|Failed to parse:? `(?<file>[^`]+)`|(?<path>\S+\.toml) is not (?:a )?valid TOML)/i,
        90,
      ),
      sign(
        ['there was an error parsing `gemfile`', 'error parsing `gemfile'],
        /There was an error parsing `(?<file>Gemfile)`: (?<message>.+)/,
        92,
      ),
      sign('does not contain valid json', /"?(?<file>\.?\/?composer\.json)"? does not contain valid JSON/, 92),
      sign('parse error on line', /Parse error on line (?<line>\d+)/, 72),
      sign(
        'errors parsing',
        /errors parsing (?<file>(?:\S*\/)?go\.mod)|(?<path>go\.mod):(?<line>\d+): (?<message>.+)/,
        88,
      ),
      sign('failed to parse manifest at', /failed to parse manifest at `(?<file>[^`]+)`/, 92),
      sign(['non-parseable pom', 'malformed pom'], /(?:Non-parseable POM|Malformed POM) (?<file>\S+?):/, 92),
      sign(
        ['<<<<<<<', 'merge conflict'],
        /(?:^|\s)<{7} |[Mm]erge conflict(?: markers?)? (?:found|detected|in) (?:in )?(?<file>\S+)/,
        84,
        named({ conflict: true }),
      ),
      sign(
        ['failed to parse', 'expected string'],
        /error: (?:Failed to parse|Unexpected).{0,40}package\.json|(?<file>package\.json):(?<line>\d+):(?<column>\d+)(?:$| - error)/,
        84,
      ),
    ],
    words: ({ file, path, line, package: name, message, patch, conflict }) => ({
      title:
        name === undefined
          ? `${file ?? path ?? (patch === undefined ? 'The manifest' : patch)} can’t be read${phrase(', line ', line)}`
          : `The manifest is not right about ${name}`,
      explanation:
        name === undefined
          ? `It does not parse${phrase(': ', message)}: a comma or quote is missing or too many, or a merge conflict was committed${conflict === true ? ' (its marks are there)' : ''}.`
          : `What it says of ${name} contradicts itself, or is in no form that the package manager knows${phrase(': ', message)}.`,
      fix:
        name === undefined
          ? `Correct ${file ?? path ?? 'package.json'} (\`node -e 'JSON.parse(require("fs").readFileSync("package.json"))'\` shows the place) and commit.`
          : `Correct the entry of ${name}. An override has to use the same version as the dependency, or refer to it (\`"$${String(name).replace(/(?<=.)@[^@]*$/, '')}"\`).`,
    }),
  },
  {
    cause: 'git_dependency_failed',
    fault: 'user',
    stages: ['install', 'package'],
    patterns: [
      sign(
        'ls-remote',
        /git (?:--no-replace-objects )?ls-remote (?:--?\S+ )*(?<repository>(?:git\+)?(?:ssh|https?|git):\/\/\S+|git@\S+)/,
        92,
        groups,
        { repeated: true },
      ),
      sign(
        'an unknown git error occurred',
        /An unknown git error occurred/,
        90,
        withNear(
          [/ls-remote (?:--?\S+ )*(?<repository>\S+)/, 4],
          [/(?<repository>(?:git\+)?(?:ssh|https?|git):\/\/\S+)/, 6],
        ),
      ),
      sign(
        ['git clone', 'git fetch', 'command failed'],
        /(?:[Cc]ommand failed|exit code|exited with|error).{0,80}git (?:--?\S+ )*(?:clone|fetch) .*?(?<repository>(?:ssh|https?|git):\/\/\S+|git@\S+)/,
        86,
        notSource,
      ),
      sign(
        "couldn't match the requested hash",
        /Couldn't find match for "(?<ref>[^"]+)" in .*for "(?<repository>[^"]+)"/,
        92,
      ),
      sign('failed listing refs', /Failed listing refs/, 88, withNear([/Repository URL: (?<repository>\S+)/, 6])),
      sign(
        ['cloning', 'failed to clone'],
        /(?:[Ff]ailed to clone|InstallFailed cloning|failed cloning) (?:git )?(?:repository )?(?<repository>\S+)/,
        84,
        notSource,
      ),
      sign('error: "git clone', /error: "git clone" for "(?<repository>[^"]+)" failed/, 92),
      sign('failed to resolve: ', /could not resolve (?<ref>[\w./-]+) to a commit of (?<repository>\S+)/i, 91),
      sign(
        'git clone',
        /(?:subprocess.*|error: )?git clone (?:--?\S+ )*(?<repository>\S+) .* did not run successfully/,
        90,
        groups,
        { repeated: true },
      ),
      sign(['git+ssh://', 'git+https://'], /(?<repository>git\+(?:ssh|https):\/\/\S+)/, 50, (match, { search }) =>
        search(/fatal: |Permission denied|Could not resolve host|ssh: /, 6) === null ? null : groups(match),
      ),
    ],
    words: ({ repository, ref }) => ({
      title: `The dependency ${repository ?? 'in a Git repository'} could not be fetched${phrase(' at ', ref)}`,
      explanation:
        'A dependency names a Git repository, which the install can’t reach: no key or token there, an unknown host key, or no network.',
      fix: 'Use an https address with a token, publish the package to a registry, or make its repository public.',
    }),
  },
];

/** In the source stage it is the app's own repository that is cloned. */
function notSource(match: RegExpExecArray, { failure }: Sight): Details | null {
  return failure.stage === 'source' ? null : groups(match);
}
