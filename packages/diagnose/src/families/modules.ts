import { type Details, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

const isLocal = (specifier: unknown): boolean => /^[./~]|^@\/|^[A-Za-z]:\\/.test(String(specifier));
const OUTPUT = /\/(?:dist|build|out|lib|output|\.output|\.next|target|public)\//;
/** A binary for a platform is a matter of its own. */
const PLATFORM = /(?:linux|darwin|win32)-(?:x64|arm64|arm|ia32)|\.node$/;

function module(match: RegExpExecArray, { search, near }: Sight): Details | null {
  const details = groups(match);
  const specifier = String(details['module'] ?? '');
  if (/optional dependencies/.test(near(0)) || PLATFORM.test(specifier) || specifier.startsWith('node:')) return null;
  const importer =
    details['importer'] ?? search(/^\s*- (?<importer>\/\S+)|in '(?<other>[^']+)'/, 4)?.groups?.['importer'];
  return {
    ...details,
    module: specifier.replace(/^.*\/node_modules\//, ''),
    ...(importer === undefined ? {} : { importer }),
  };
}

export const modules: readonly Rule[] = [
  {
    cause: 'module_not_found',
    fault: 'user',
    stages: ['build', 'health', 'migrate'],
    patterns: [
      sign(
        'cannot find package',
        /Cannot find package '(?<module>[^']+)' imported from (?<importer>\S+)/,
        88,
        (match, sight) => importedFrom(module(match, sight)),
      ),
      sign(
        'cannot find module',
        /(?:Error|error|MODULE_NOT_FOUND\]?): Cannot find module '?"?(?<module>[^'"\s]+)['"]?/,
        82,
        required,
      ),
      sign('cannot find module', /Cannot find module '(?<module>[^']+)' from '(?<importer>[^']+)'/, 86, module),
      sign(
        'cannot find module',
        /(?<file>[^\s(:]+)(?:\((?<line>\d+),\d+\): | *:(?<row>\d+):\d+ - )error TS(?:2307|2792|2732|7016): Cannot find module '(?<module>[^']+)'/,
        86,
      ),
      sign(
        'cannot find module',
        /^(?:Type error|\s*TS2307|.{0,40}(?<!error )\bTS2307): ?Cannot find module '(?<module>[^']+)'/,
        90,
        withNear([/^(?:\.\/)?(?<file>[\w./[\]()@-]+\.[cm]?[jt]sx?):(?<line>\d+)/, -4]),
      ),
      sign(
        'error ts7016',
        /(?<file>[^\s(:]+)\((?<line>\d+),\d+\): error TS7016: Could not find a declaration file for module '(?<module>[^']+)'/,
        82,
      ),
      sign(
        ['cannot find type definition file', 'could not find a declaration file'],
        /Cannot find type definition file for '(?<module>[^']+)'|Could not find a declaration file for module '(?<other>[^']+)'/,
        80,
      ),
      sign(
        ["can't resolve '"],
        /(?:Module not found: )?(?:Error: )?Can't resolve '(?<module>[^']+)'(?: in '(?<importer>[^']+)')?/,
        88,
        withNear([/^(?<file>\.\/(?!node_modules)\S+\.\w+)(?::(?<line>\d+))?/, -4]),
      ),
      sign(
        'module not found',
        /^(?:\S+ )?Module not found: (?!Error: )(?:Can't resolve )?['"]?(?<module>[^'"\s]+)['"]?/,
        80,
        withNear([/^(?<file>\.\/\S+\.\w+)(?::(?<line>\d+))?/, -4]),
      ),
      sign(
        'failed to resolve import',
        /(?:Rollup )?[Ff]ailed to resolve import "(?<module>[^"]+)" from "(?<importer>[^"]+)"/,
        90,
      ),
      sign(
        'could not resolve "',
        /Could not resolve "(?<module>[^"]+)"(?: (?:from|in) "?(?<importer>[^"\s]+)"?)?/,
        88,
        withNear([/^\s*(?<file>(?!node_modules)[\w./@-]+\.\w+):(?<line>\d+):\d+:/, 4]),
      ),
      sign(
        ["could not resolve '"],
        /Could not resolve '(?<module>[^']+)'(?: (?:from|imported by) '?(?<importer>[^'\s]+)'?)?/,
        88,
      ),
      sign(
        ['could not load ', 'imported by'],
        /Could not load (?<module>\S+) \(imported by (?<importer>[^)]+)\): ENOENT/,
        90,
      ),
      sign('resolve_error', /\[(?:UNRESOLVED_IMPORT|UNLOADABLE_DEPENDENCY)\].*?['"](?<module>[^'"]+)['"]/i, 88),
      sign(
        "can't find stylesheet to import",
        /Can't find stylesheet to import/,
        89,
        withNear(
          [/@(?:import|use|forward) ['"](?<module>[^'"]+)['"]/, 4],
          [/^\s*(?<importer>[\w./-]+\.s[ac]ss) \d+:\d+/, 8],
        ),
      ),
      sign(
        ['file to import not found', "'.less' wasn't found", 'failed to find'],
        /File to import not found or unreadable: (?<module>\S+?)\.?$|'(?<less>[^']+\.less)' wasn't found|Failed to find '(?<css>[^']+)'/,
        88,
      ),
      sign(
        'no module named',
        /(?:ModuleNotFoundError|ImportError): No module named '?(?<module>[\w.]+)'?/,
        87,
        (match, { output }) =>
          match.groups?.['module'] === 'distutils' && output.lowerCase.includes('gyp') ? null : groups(match),
      ),
      sign(
        'cannot import name',
        /ImportError: cannot import name '(?<export>[^']+)' from (?:partially initialized module )?'(?<module>[^']+)'/,
        88,
      ),
      sign(
        'does not provide an export named',
        /(?:The requested )?module '(?<module>[^']+)' does not provide an export named '?(?<export>[^'\s]+)'?/,
        84,
        (match) => (match.groups?.['module']?.startsWith('node:') === true ? null : groups(match)),
      ),
      sign(
        [
          'is not exported by',
          'is not exported from',
          'no matching export',
          'has no exported member',
          'attempted import error',
        ],
        /(?:"(?<export>[^"]+)" is not exported by "(?<module>[^"]+)"(?:, imported by "(?<importer>[^"]+)")?|(?:Attempted import error: )?'(?<name>[^']+)' is not exported from '(?<other>[^']+)'|No matching export in "(?<file>[^"]+)" for import "(?<wanted>[^"]+)")/,
        87,
      ),
      sign(
        'error ts2305',
        /(?<file>[^\s(:]+)\((?<line>\d+),\d+\): error TS(?:2305|2724|2614): Module '"(?<module>[^"]+)"' has no exported member '(?<export>[^']+)'/,
        60,
      ),
      sign(
        [
          'package subpath',
          'no "exports" main defined',
          'missing "./',
          'no known conditions',
          'is not exported under the condition',
        ],
        /(?:Package subpath '(?<subpath>[^']+)' is not defined by "exports" in (?<importer>\S+)|No "exports" main defined in (?<path>\S+)|[Mm]issing "(?<missing>[^"]+)" specifier in "(?<module>[^"]+)" package)/,
        88,
      ),
      sign(['loaderror', 'cannot load such file'], /cannot load such file -- (?<module>\S+)/, 86),
      sign(
        ['class "', "class '"],
        /(?:PHP Fatal error: +)?Uncaught Error: Class ["'](?<module>[^"']+)["'] not found/,
        84,
      ),
      sign(
        ['failed to open stream: no such file', 'failed opening required'],
        /(?:require|include)(?:_once)?\(?:?\)?.*[Ff]ailed opening required '(?<module>[^']+)'|require\((?<path>[^)]*vendor\/autoload\.php)\): [Ff]ailed to open stream/,
        88,
      ),
      sign(
        ['no required module provides package', 'cannot find package "', 'is not in std', 'is not in goroot'],
        /(?:no required module provides package (?<module>[^\s;]+)|cannot find package "(?<other>[^"]+)"|package (?<name>\S+) is not in (?:std|GOROOT))/,
        90,
      ),
      sign(
        ['unresolved import', "can't find crate for"],
        /error\[E0(?:432|433|463)\]: (?:unresolved import `(?<module>[^`]+)`|failed to resolve: use of (?:undeclared|unresolved) (?:crate or module|module or unlinked crate) `(?<other>[^`]+)`|can't find crate for `(?<crate>[^`]+)`)/,
        90,
      ),
      sign('does not exist', /(?:error: |ERROR.*?)package (?<module>[\w.]+) does not exist/, 88),
      sign(
        ['relative import path "', 'not prefixed with / or ./'],
        /Relative import path "(?<module>[^"]+)" not prefixed/,
        90,
      ),
      sign('module not found "file', /Module not found "(?<module>file:[^"]+)"/, 88),
      sign(
        ['could not find package', 'cannot find builder', 'could not find the implementation for builder'],
        /(?:Could not find the implementation for builder|Cannot find builder) "?(?<module>[^"\s]+)/,
        88,
      ),
      sign(
        'classnotfoundexception',
        /ClassNotFoundException: (?<module>[\w.$]+)|NoClassDefFoundError: (?<other>[\w/.$]+)/,
        82,
      ),
    ],
    words: (details) => {
      const {
        module: specifier,
        other,
        less,
        css,
        name,
        wanted,
        importer,
        file,
        line,
        row,
        path,
        subpath,
        missing,
        crate,
      } = details;
      const what = specifier ?? other ?? less ?? css ?? path ?? subpath ?? missing ?? crate ?? name ?? wanted;
      const symbol = details['export'] ?? wanted;
      return {
        title:
          symbol !== undefined
            ? `${what ?? file ?? 'A module'} has no export ${symbol}${phrase(', imported by ', importer)}`
            : `${what ?? 'A module'} could not be found${phrase(', imported by ', importer ?? file)}${phrase(':', line ?? row)}`,
        explanation:
          symbol !== undefined
            ? 'The import names something that this version of the module does not export.'
            : isLocal(what)
              ? 'The import names a file that is not in what was deployed: not committed, moved, or written in other capitals than the file (Linux tells them apart).'
              : 'The import names a package that is not installed.',
        fix:
          symbol !== undefined
            ? `Correct the import, or use a version of ${what ?? file ?? 'the module'} that has it.`
            : isLocal(what)
              ? `Check the path and its capitals against \`git ls-files\`, and commit ${what}.`
              : `Add it to the dependencies (\`npm install ${packageOf(String(what ?? '…'))}\`) and commit package.json and the lockfile.`,
      };
    },
  },
  {
    cause: 'esm_cjs_mismatch',
    fault: 'user',
    stages: ['build', 'health'],
    patterns: [
      sign(
        'cannot use import statement outside a module',
        /SyntaxError: Cannot use import statement outside a module/,
        92,
        (_, { output, at }) => fileBefore(output, at),
      ),
      sign(
        [
          "unexpected token 'export'",
          'unexpected token export',
          "cannot use 'import.meta' outside a module",
          'await is only valid in',
        ],
        /SyntaxError: (?<message>Unexpected token '?export'?|Cannot use 'import\.meta' outside a module|await is only valid in async functions and the top level bodies of modules)/,
        90,
        (match, { output, at }) => ({ ...groups(match), ...fileBefore(output, at) }),
      ),
      sign(
        'err_require_esm',
        /\[?ERR_REQUIRE_ESM\]?: require\(\) of ES Module (?<path>\S+)(?: from (?<importer>\S+))?/,
        93,
        ofPackage,
      ),
      sign('must use import to load es module', /Must use import to load ES Module: (?<path>\S+)/, 93, ofPackage),
      sign('require() of es module', /require\(\) of ES Module (?<path>\S+)(?: from (?<importer>\S+))?/, 92, ofPackage),
      sign(
        'err_require_async_module',
        /ERR_REQUIRE_ASYNC_MODULE|require\(\) cannot be used on an ESM graph with top-level await/,
        91,
      ),
      sign(
        'is not defined in es module scope',
        /ReferenceError: (?<name>require|module|exports|__dirname|__filename) is not defined in ES module scope/,
        92,
        (match, { output, at }) => ({ ...groups(match), ...fileBefore(output, at), ...ownFrame({ output, at }) }),
      ),
      sign(
        ['is not defined'],
        /^ReferenceError: (?<name>require|exports|__dirname|__filename|module) is not defined/,
        84,
        (match, { output, at }) => ({ ...groups(match), ...fileBefore(output, at), ...ownFrame({ output, at }) }),
      ),
      sign('err_unknown_file_extension', /Unknown file extension "(?<extension>\.\w+)" for (?<path>\S+)/, 92),
      sign(
        'err_unsupported_dir_import',
        /Directory import '(?<path>[^']+)' is not supported resolving ES modules imported from (?<importer>\S+)/,
        92,
      ),
      sign(
        'cannot find module',
        /\[?ERR_MODULE_NOT_FOUND\]?: Cannot find module '(?<module>\/[^']+\/[^'./]+)' imported from (?<importer>\S+)/,
        92,
      ),
      sign(
        'named export',
        /Named export '(?<name>[^']+)' not found\. The requested module '(?<module>[^']+)' is a CommonJS module/,
        93,
      ),
      sign('is a commonjs module', /The requested module '(?<module>[^']+)' is a CommonJS module/, 90),
      sign(
        ['is not a constructor', 'is not a function'],
        /TypeError: (?<name>[\w.]+\.default|\w+_default|\(0 , \w+\.default\)) is not a (?:function|constructor)/,
        76,
      ),
      sign(
        'err_import_assertion',
        /(?:ERR_IMPORT_(?:ASSERTION|ATTRIBUTE)_\w+|needs an import (?:assertion|attribute) of)\]?:? .*?(?<path>"?\S+\.json"?)/,
        90,
      ),
      sign(
        ['resolved to an esm file', 'esm file cannot be loaded by `require`', 'esm-only'],
        /"(?<module>[^"]+)" resolved to an ESM file/,
        93,
      ),
      sign(
        ['module is not defined in es module scope', 'treated as an es module'],
        /This file is being treated as an ES module because it has a '\.js' file extension and '(?<path>[^']+)' contains "type": "module"/,
        84,
      ),
      sign('error ts1479', /error TS(?:1479|1541|1542): The current file is a CommonJS module/, 84),
      sign(
        ['typescript file', 'err_unsupported_typescript_syntax', 'err_unsupported_node_modules_type_stripping'],
        /ERR_UNSUPPORTED_(?:TYPESCRIPT_SYNTAX|NODE_MODULES_TYPE_STRIPPING)\]?: ?(?<message>.*)/,
        91,
      ),
    ],
    words: ({ file, module: specifier, importer, name, path, extension, message }) => ({
      title: `ES modules and CommonJS are mixed up${phrase(' in ', file ?? importer ?? path)}${phrase(': ', specifier ?? name ?? message)}`,
      explanation:
        extension !== undefined
          ? `Node does not run ${extension} files as they are: ${path}.`
          : specifier !== undefined && String(specifier).startsWith('/')
            ? 'In ES modules a relative import needs the file’s extension.'
            : 'One side uses `import`, the other is loaded with `require`, or the other way round.',
      fix:
        extension !== undefined
          ? 'Compile it in the build and start what was made from it, or start it with a loader (tsx).'
          : specifier !== undefined && String(specifier).startsWith('/')
            ? `Write the import with its extension (\`./…/${String(specifier).split('/').at(-1)}.js\`), or let TypeScript check it with \`moduleResolution: nodenext\`.`
            : 'Set `"type": "module"` in package.json and use `import`, or keep `require` and take a version of the package that still is CommonJS.',
    }),
  },
  {
    cause: 'build_output_missing',
    fault: 'user',
    stages: ['build', 'package', 'health', 'migrate', 'switch'],
    patterns: [
      sign(
        'could not find a production build',
        /Could not find a production build in the '(?<path>[^']+)' directory/,
        95,
      ),
      sign(
        ['next build', '.next', 'nuxt build', 'build directory', 'no build found', 'run `'],
        /(?:[Cc]ould not find|[Nn]o|[Mm]issing|Cannot find) (?:a |the )?(?:production |valid )?build(?: output| directory| folder)?(?: found)?(?: (?:in|at|for) ["'`]?(?<path>[\w./-]+))/,
        88,
      ),
      sign('cannot find module', /Error: Cannot find module '(?<path>(?:\/|file:\/\/)[^']+)'/, 86, ownEntry),
      sign(
        'cannot find module',
        /Cannot find module '(?<path>\/[^']*\/(?:dist|build|out|lib|\.output|\.next)\/[^']+)'$/,
        80,
        ownEntry,
      ),
      sign(
        ['enoent'],
        /ENOENT: no such file or directory, (?:open|stat|lstat|scandir|access) '(?<path>[^']*(?:\/|^)(?:dist|build|out|\.next|\.output|public|target)(?:\/[^']*)?)'/,
        84,
        (match) => (/node_modules|config/.test(match.groups?.['path'] ?? '') ? null : groups(match)),
      ),
      sign(
        'enoent',
        /ENOENT: no such file or directory, (?:open|stat|lstat) '(?<path>[^']*(?:BUILD_ID|build-manifest\.json|prerender-manifest\.json|routes-manifest\.json|index\.html|manifest\.json))'/,
        88,
      ),
      sign('cannot open: no such file', /tar: (?<path>\S+): Cannot (?:open|stat): No such file/, 90),
      sign(
        ['cannot stat', 'no such file or directory', 'cannot access'],
        /(?:cp|mv|rsync|ls|cd|zip|scp|ln|chmod|rsync error): (?:(?:\w+: )?line \d+: )?(?:cannot (?:stat|access|copy)|can't (?:stat|cd to|open)|link_stat|change_dir|failed to access)? ?['"‘]?(?<path>[\w./*-]*[\w/*-])['"’]?:? .{0,20}(?:No such file or directory|No match|failed: No such)/,
        86,
      ),
      sign("can't cd to", /(?:cd|sh|bash): (?:line )?\d*:? ?(?:cd: )?can't cd to (?<path>\S+)/, 82),
      sign(['cd: ', 'no such file or directory'], /cd: (?:\d+: )?(?<path>[\w./-]+): No such file or directory/, 84),
      sign('unable to access jarfile', /Unable to access jarfile (?<path>\S+)/, 93),
      sign(['could not find or load main class'], /Could not find or load main class (?<path>\S+)/, 86),
      sign(['no main manifest attribute'], /no main manifest attribute, in (?<path>\S+)/, 90),
      sign(
        ['output directory', 'publish directory', 'build directory', 'out dir', 'build folder'],
        /(?:[Oo]utput|[Pp]ublish|[Bb]uild|[Dd]eploy) (?:directory|folder|dir) ["'`]?(?<path>[\w./-]+?)["'`]? (?:was |is )?(?:not found|does not exist|missing|empty)|No [Oo]utput [Dd]irectory named ["'](?<named>[^"']+)["'] found/i,
        93,
      ),
      sign(
        ['does not exist', 'directory "'],
        /(?:[Dd]irectory|[Ff]older|[Pp]ath) ["'](?<path>[^"']*(?:dist|build|out|public|\.next|\.output)[^"']*)["'] does not exist/,
        86,
      ),
      sign(
        ['executable file not found in', 'starting container process caused', 'unable to start container process'],
        /exec: "(?<path>[^"]+)": (?:(?:stat|executable file not found)[^:]*(?:not found in \$PATH|no such file or directory)|executable file not found in \$PATH)/,
        90,
        (match, { output, failure }) =>
          /oci runtime|container process/.test(output.lowerCase) ||
          failure.stage === 'switch' ||
          failure.stage === 'health'
            ? { ...groups(match), message: match[0] }
            : null,
      ),
      sign(
        ['no such file or directory'],
        /exec(?:ve)?:? (?:failed: )?["']?(?<path>\/[\w./-]+)["']?: no such file or directory/i,
        80,
      ),
      sign(["can't open file"], /can't open file '(?<path>[^']+)': \[Errno 2\]/, 90),
      sign(
        ["cannot open '", 'no such file'],
        /(?:node|deno|bun|ruby|php|python\d?)(?::)? .*?(?:Could not open input file:|No such file or directory --|can't open file|Module not found "?) ?(?<path>\S+?)"? ?(?:\(LoadError\))?$/,
        86,
      ),
      sign('could not open input file', /Could not open input file: (?<path>\S+)/, 90),
      sign('module not found "', /error: Module not found "(?<path>[^"]+)"/, 72, (match) =>
        OUTPUT.test(`/${match.groups?.['path'] ?? ''}`) ? groups(match) : null,
      ),
      sign(
        'failed at step exec',
        /Failed (?:at step EXEC spawning|to locate executable) (?<path>\S+): No such file/,
        92,
      ),
    ],
    words: ({ path, named: other, message }) => ({
      title: `The build did not make ${path ?? other ?? 'what is needed'}`,
      explanation: `It is expected there after the build, and is not${phrase(' (', message, ')')}.`,
      fix: `See in the build’s log where it wrote its output. Then build into ${path ?? other ?? 'that place'}, or name the right one: \`start\` or \`static.directory\` in switchyard.json.`,
    }),
  },
];

function importedFrom(details: Details | null): Details | null {
  if (details === null) return null;
  return { ...details, importer: String(details['importer'] ?? '').replace(/\.timestamp-[\w-]+\.mjs$/, '') };
}

/** An own file that nothing requires is what was to be started: a missing output, not a missing import. */
function isEntry(specifier: string, { search, near, failure }: Sight): boolean {
  if (!/^(?:\/|file:)/.test(specifier) || specifier.includes('node_modules') || /imported from/.test(near(0)))
    return false;
  if (search(/^\s*- \//, 4) !== null) return false;
  return OUTPUT.test(specifier) || failure.stage === 'health' || failure.stage === 'switch';
}

function required(match: RegExpExecArray, sight: Sight): Details | null {
  const details = module(match, sight);
  return details === null || isEntry(String(match.groups?.['module'] ?? ''), sight) ? null : details;
}

function ownEntry(match: RegExpExecArray, sight: Sight): Details | null {
  return isEntry(match.groups?.['path'] ?? '', sight) ? groups(match) : null;
}

/** Node prints `file:line` of a syntax error above it. */
function fileBefore(output: Sight['output'], at: number): Details {
  for (const { bare } of output.lines.slice(Math.max(0, at - 8), at).toReversed()) {
    const found = /^(?:file:\/\/)?(\/\S+?\.[cm]?[jt]sx?):(\d+)/.exec(bare);
    if (found?.[1] !== undefined) return { file: `${found[1]}:${found[2] ?? ''}` };
  }
  return {};
}

function ownFrame({ output, at }: Pick<Sight, 'output' | 'at'>): Details {
  for (const { bare } of output.lines.slice(at + 1, at + 8)) {
    const found = /^\s+at (?:.*\()?(?:file:\/\/)?(?<file>\/(?!.*node_modules)\S+?:\d+)(?::\d+)?\)?$/.exec(bare);
    if (found !== null) return groups(found);
  }
  return {};
}

function ofPackage(match: RegExpExecArray): Details {
  const path = match.groups?.['path'] ?? '';
  return {
    ...groups(match),
    ...(path.includes('node_modules/') ? { module: packageOf(path.replace(/^.*\/node_modules\//, '')) } : {}),
  };
}

function packageOf(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}
