import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

const isLocal = (specifier: unknown): boolean => /^[./~]|^@\/|^[A-Za-z]:\\/.test(String(specifier));

/** A module that is the app's own built entry is a missing output, not a missing package. */
function module(match: RegExpExecArray, { search, near }: Sight): Details | null {
  const details = groups(match);
  const specifier = String(details['module'] ?? '');
  if (/optional dependencies/.test(near(0))) return null;
  const importer = details['importer'] ?? search(/^- (?<importer>\/\S+)|in '(?<other>[^']+)'/, 4)?.groups?.['importer'];
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
      {
        hints: ['cannot find package'],
        regex: /Cannot find package '(?<module>[^']+)' imported from (?<importer>\S+)/,
        weight: 88,
        take: (match, sight) => importedFrom(module(match, sight)),
      },
      {
        hints: ['cannot find module'],
        regex: /Error: Cannot find module '(?<module>[^']+)'/,
        weight: 80,
        take: required,
      },
      {
        hints: ['cannot find module'],
        regex: /(?<file>[^\s(:]+)\((?<line>\d+),\d+\): error TS(?:2307|2792): Cannot find module '(?<module>[^']+)'/,
        weight: 84,
        take: groups,
      },
      {
        hints: ["module not found: error: can't resolve"],
        regex: /Module not found: (?:Error: )?Can't resolve '(?<module>[^']+)'(?: in '(?<importer>[^']+)')?/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['rollup failed to resolve import'],
        regex: /Rollup failed to resolve import "(?<module>[^"]+)" from "(?<importer>[^"]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['failed to resolve import'],
        regex: /Failed to resolve import "(?<module>[^"]+)" from "(?<importer>[^"]+)"/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['could not resolve "'],
        regex: /Could not resolve "(?<module>[^"]+)"(?: from "(?<importer>[^"]+)")?/,
        weight: 88,
        take: groups,
      },
      {
        hints: ["can't find stylesheet to import"],
        regex: /Can't find stylesheet to import/,
        weight: 88,
        take: (_, { search }) => ({
          ...groups(search(/@(?:import|use|forward) ['"](?<module>[^'"]+)['"]/, 4)),
          ...groups(search(/^\s*(?<importer>[\w./-]+\.s[ac]ss) \d+:\d+/, 8)),
        }),
      },
      {
        hints: ['no module named'],
        regex: /ModuleNotFoundError: No module named '(?<module>[^']+)'/,
        weight: 86,
        take: groups,
      },
      {
        hints: ['does not provide an export named', 'is not exported by'],
        regex:
          /(?:"(?<export>[^"]+)" is not exported by "(?<module>[^"]+)"|module '(?<other>[^']+)' does not provide an export named '(?<name>[^']+)')/,
        weight: 84,
        take: groups,
      },
    ],
    words: ({ module: specifier, importer, file, line }) => ({
      title: `${specifier ?? 'A module'} could not be found${phrase(', imported by ', importer ?? file)}${phrase(':', line)}`,
      explanation: isLocal(specifier)
        ? 'The import names a file that is not in what was deployed: not committed, moved, or written in other capitals than the file (Linux tells them apart).'
        : 'The import names a package that is not installed.',
      fix: isLocal(specifier)
        ? `Check the path and its capitals against \`git ls-files\`, and commit ${specifier}.`
        : `Add it to the dependencies (\`npm install ${packageOf(String(specifier ?? '…'))}\`) and commit package.json and the lockfile.`,
    }),
  },
  {
    cause: 'esm_cjs_mismatch',
    fault: 'user',
    stages: ['build', 'health'],
    patterns: [
      {
        hints: ['cannot use import statement outside a module'],
        regex: /SyntaxError: Cannot use import statement outside a module/,
        weight: 90,
        take: (_, { output, at }) => fileBefore(output, at),
      },
      {
        hints: ['err_require_esm'],
        regex: /\[ERR_REQUIRE_ESM\]: require\(\) of ES Module (?<path>\S+)(?: from (?<importer>\S+))?/,
        weight: 92,
        take: (match) => ({
          ...groups(match),
          module: packageOf((match.groups?.['path'] ?? '').replace(/^.*\/node_modules\//, '')),
        }),
      },
      {
        hints: ['is not defined in es module scope'],
        regex: /ReferenceError: (?<name>require|module|exports|__dirname|__filename) is not defined in ES module scope/,
        weight: 90,
        take: (match, { output, at }) => ({ ...groups(match), ...fileBefore(output, at) }),
      },
      {
        hints: ['err_unknown_file_extension'],
        regex: /Unknown file extension "(?<extension>\.\w+)" for (?<path>\S+)/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['cannot find module'],
        regex:
          /\[ERR_MODULE_NOT_FOUND\]: Cannot find module '(?<module>\/[^']+\/[^'./]+)' imported from (?<importer>\S+)/,
        weight: 91,
        take: groups,
      },
    ],
    words: ({ file, module: specifier, importer, name, path }) => ({
      title: `ES modules and CommonJS are mixed up${phrase(' in ', file ?? importer ?? path)}${phrase(': ', specifier ?? name)}`,
      explanation:
        specifier !== undefined && String(specifier).startsWith('/')
          ? 'In ES modules a relative import needs the file’s extension.'
          : 'One side uses `import`, the other is loaded with `require`, or the other way round.',
      fix:
        specifier !== undefined && String(specifier).startsWith('/')
          ? `Write the import with its extension (\`./…/${String(specifier).split('/').at(-1)}.js\`), or let TypeScript check it with \`moduleResolution: nodenext\`.`
          : 'Set `"type": "module"` in package.json and use `import`, or keep `require` and take a version of the package that still is CommonJS.',
    }),
  },
  {
    cause: 'build_output_missing',
    fault: 'user',
    stages: ['build', 'package', 'health', 'migrate', 'switch'],
    patterns: [
      {
        hints: ['could not find a production build'],
        regex: /Could not find a production build in the '(?<path>[^']+)' directory/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['cannot find module'],
        regex: /Error: Cannot find module '(?<path>\/[^']*\/(?:dist|build|out|lib|\.output|\.next)\/[^']+)'/,
        weight: 84,
        take: (match, { near, search }) =>
          /imported from/.test(near(0)) || search(/^- \//, 4) !== null ? null : groups(match),
      },
      {
        hints: ['cannot open: no such file'],
        regex: /tar: (?<path>\S+): Cannot open: No such file/,
        weight: 88,
        take: groups,
      },
      { hints: ['unable to access jarfile'], regex: /Unable to access jarfile (?<path>\S+)/, weight: 92, take: groups },
      {
        hints: ['output directory'],
        regex: /[Oo]utput directory "?(?<path>[\w./-]+)"? (?:was )?not found/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ path }) => ({
      title: `The build did not make ${path ?? 'what is needed'}`,
      explanation: 'It is expected there after the build, and is not.',
      fix: `See in the build’s log where it wrote its output. Then build into ${path ?? 'that place'}, or name the right one: \`start\` or \`static.directory\` in switchyard.json.`,
    }),
  },
];

function importedFrom(details: Details | null): Details | null {
  if (details === null) return null;
  return { ...details, importer: String(details['importer'] ?? '').replace(/\.timestamp-[\w-]+\.mjs$/, '') };
}

function required(match: RegExpExecArray, sight: Sight): Details | null {
  const details = module(match, sight);
  if (details === null) return null;
  const specifier = String(details['module']);
  const ownFile = specifier.startsWith('/') && sight.search(/^- \//, 4) === null;
  if (ownFile && /\/(?:dist|build|out|lib|\.output|\.next)\//.test(specifier)) return null;
  return details;
}

/** Node prints `file:line` of a syntax error above it. */
function fileBefore(output: Sight['output'], at: number): Details {
  for (const { bare } of output.lines.slice(Math.max(0, at - 8), at).toReversed()) {
    const found = /^(?:file:\/\/)?(\/\S+?\.[cm]?[jt]sx?):(\d+)/.exec(bare);
    if (found?.[1] !== undefined) return { file: `${found[1]}:${found[2] ?? ''}` };
  }
  return {};
}

function packageOf(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}
