import { type Details, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';
import { isEntry } from './build-output.ts';

const isLocal = (specifier: unknown): boolean => /^[./~]|^@\/|^[A-Za-z]:\\/.test(String(specifier));
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
];

function importedFrom(details: Details | null): Details | null {
  if (details === null) return null;
  return { ...details, importer: String(details['importer'] ?? '').replace(/\.timestamp-[\w-]+\.mjs$/, '') };
}

function required(match: RegExpExecArray, sight: Sight): Details | null {
  const details = module(match, sight);
  return details === null || isEntry(match.groups?.['module'] ?? '', sight) ? null : details;
}

function packageOf(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}
