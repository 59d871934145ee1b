import { type Details, groups, phrase, type Rule, type Sight, sign } from '../rule.ts';

export const moduleSystems: readonly Rule[] = [
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
];

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
