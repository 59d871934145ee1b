import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

export const dependencies: readonly Rule[] = [
  {
    cause: 'peer_conflict',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['eresolve'],
        regex: /^code ERESOLVE|ERESOLVE (?:unable to resolve|could not resolve)/,
        weight: 90,
        take: peers,
      },
      {
        hints: ['peer_dep_issues'],
        regex: /ERR_PNPM_PEER_DEP_ISSUES/,
        weight: 90,
        take: (_, { search }) => ({
          ...groups(search(/─ (?<by>(?:@[\w.-]+\/)?[\w.-]+ \d\S*)$/, 8)),
          ...groups(search(/unmet peer (?<needs>[^:]+): found (?<found>\S+)/, 12)),
        }),
      },
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
      {
        hints: ['workspace not found'],
        regex: /(?<dependency>[^\s:]+@workspace:[^\s:]+): Workspace not found/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['unsupported url type'],
        regex: /Unsupported URL Type "(?<protocol>workspace:|catalog:|link:)": (?<dependency>\S+)/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['linked_pkg_dir_not_found'],
        regex: /Could not install from "(?<path>[^"]+)" as it does not exist/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['workspace_pkg_not_found'],
        regex: /ERR_PNPM_WORKSPACE_PKG_NOT_FOUND.*"(?<dependency>[^"]+)"/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ dependency, path }) => ({
      title: `${dependency ?? path ?? 'A local dependency'} is not in the repository`,
      explanation:
        'package.json refers to a package by its place, and there is nothing in that place in what is deployed.',
      fix: 'Deploy from the root of the workspace (set `root` in switchyard.json to the app’s directory in it), or publish the package and depend on its version.',
    }),
  },
  {
    cause: 'manifest_missing',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['package.json'],
        regex: /ENOENT: no such file or directory, open '(?<path>[^']*package\.json)'/,
        weight: 86,
        take: groups,
      },
      {
        hints: ["couldn't find a package.json"],
        regex: /Couldn't find a package\.json file in "(?<path>[^"]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['no_pkg_manifest', 'no_importer_manifest'],
        regex: /No package\.json (?:\(or package\.yaml, or package\.json5\) )?was found in "(?<path>[^"]+)"/,
        weight: 90,
        take: groups,
      },
    ],
    words: ({ path }) => ({
      title: `There is no package.json${phrase(' at ', path)}`,
      explanation: 'The install looked for it in the app’s directory.',
      fix: 'If the app is in a sub-directory, set `root` in switchyard.json; else commit package.json.',
    }),
  },
  {
    cause: 'manifest_invalid',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['ejsonparse'],
        regex: /^code EJSONPARSE/,
        weight: 92,
        take: (_, { search }) => ({ file: 'package.json', ...groups(search(/path (?<file>\S+)/, 4)) }),
      },
      {
        hints: ['while parsing'],
        regex: /in JSON at position \d+ while parsing .* in (?<file>\S+)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['conflicts with direct dependency'],
        regex: /Override for (?<package>\S+) conflicts with direct dependency/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['einvalidpackagename', 'invalid package name'],
        regex: /Invalid package name "?(?<package>[^":]+)/,
        weight: 85,
        take: groups,
      },
      { hints: ['failed to parse package data'], regex: /Failed to parse package data/, weight: 80 },
    ],
    words: ({ file, package: name }) => ({
      title:
        name === undefined
          ? `${file ?? 'package.json'} can’t be read`
          : `package.json contradicts itself about ${name}`,
      explanation:
        name === undefined
          ? 'It is not valid JSON: a comma or quote is missing or too many, or a merge conflict was committed.'
          : `An override asks for another version of ${name} than the dependency itself.`,
      fix:
        name === undefined
          ? `Correct ${file ?? 'package.json'} (\`node -e 'JSON.parse(require("fs").readFileSync("package.json"))'\` shows the place) and commit.`
          : `Let the override refer to the dependency (\`"$${String(name).replace(/@[^@]*$/, '')}"\`), or use the same version in both.`,
    }),
  },
  {
    cause: 'git_dependency_failed',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['git ls-remote'],
        regex:
          /git (?:--no-replace-objects )?ls-remote (?:--\S+ )*(?:-h -t )?(?<repository>(?:git\+)?(?:ssh|https?|git):\/\/\S+|git@\S+)/,
        weight: 91,
        take: groups,
      },
      {
        hints: ['an unknown git error occurred'],
        regex: /An unknown git error occurred/,
        weight: 91,
        take: (_, { search }) => groups(search(/ls-remote (?:-h -t )?(?<repository>\S+)/, 3)),
      },
    ],
    words: ({ repository }) => ({
      title: `The dependency ${repository ?? 'in a Git repository'} could not be fetched`,
      explanation:
        'A dependency names a Git repository, which the install can’t reach: no key or token there, an unknown host key, or no network.',
      fix: 'Use an https address with a token, publish the package to a registry, or make its repository public.',
    }),
  },
  {
    cause: 'lifecycle_script_failed',
    fault: 'user',
    stages: ['install', 'build'],
    patterns: [
      {
        hints: ['ignored build scripts'],
        regex: /Ignored build scripts: (?<package>[^\s,.]+(?:\.[^\s,.]+)*)/,
        weight: 78,
        take: (match, { output }) =>
          /could not locate the bindings|cannot find module|no native build/.test(output.lowerCase)
            ? groups(match)
            : null,
      },
      {
        hints: ['expected "'],
        regex: /Error: Expected "(?<wanted>[\d.]+)" but got "(?<found>[\d.]+)"/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['command failed'],
        regex: /^(?<package>\S+) (?<hook>preinstall|install|postinstall|prepare): Failed$/,
        weight: 50,
        take: groups,
      },
      {
        hints: ['install$', '> '],
        regex: /^> (?<package>[^\s@]*@?[^\s@]+)@\S+ (?<hook>preinstall|install|postinstall|prepare)\b/,
        weight: 58,
        take: hookThatFailed,
      },
      {
        hints: ['building fresh packages'],
        regex: /^\[4\/4\] .*Building fresh packages/,
        weight: 56,
        take: (_, { search }) => ({
          hook: 'postinstall',
          ...groups(search(/^\$ (?<command>.+)/, 3) ?? search(/error (?<path>\S+): Command failed/, 6)),
        }),
      },
    ],
    words: ({ package: name, hook, command, wanted, found }) => ({
      title: `The ${hook ?? 'install'} script${phrase(' of ', name)} failed${phrase(': ', command)}`,
      explanation:
        wanted !== undefined
          ? `It found version ${found} of its own program where ${wanted} belongs: two versions are mixed in node_modules.`
          : hook === undefined
            ? 'Its build scripts were not approved, so what it needs was never built.'
            : 'A script that runs during the install ended with an error, which the lines below show.',
      fix:
        hook === undefined && wanted === undefined
          ? `Approve it: add ${name ?? 'the package'} to \`onlyBuiltDependencies\` (pnpm approve-builds), and commit.`
          : `Run the install in a fresh clone to see it; add what the script needs${phrase(' (', command, ')')} to the dependencies.`,
    }),
  },
];

/** npm prints each hook it runs; the one after which nothing succeeded is the one that failed. */
function hookThatFailed(match: RegExpExecArray, { output, at, near }: Sight): Details | null {
  const later = output.lines.slice(at + 1).some(({ bare }) => /^> \S+@\S+ \w+/.test(bare));
  const failed = /elifecycle|command failed|exit code|npm err|not found/.test(
    output.lines
      .slice(at)
      .map(({ bare }) => bare)
      .join('\n')
      .toLowerCase(),
  );
  const command = /^> (.+)/.exec(near(1))?.[1];
  return later || !failed ? null : { ...groups(match), ...(command === undefined ? {} : { command }) };
}

/** npm tells a conflict over several lines: what is there, who asks for what. */
function peers(_: RegExpExecArray, { output, at }: Sight): Details {
  const lines = output.lines.slice(at, at + 40).map(({ bare }) => bare);
  const found = lines.map((line) => /^Found: (\S+)/.exec(line)?.[1]).find((value) => value !== undefined);
  const blame = lines
    .map((line) => /peer (\S+@"[^"]*") from (\S+)/.exec(line))
    .filter((match) => match?.[2] !== undefined);
  const start = lines.findIndex((line) => line.startsWith('Could not resolve dependency'));
  const after =
    start < 0
      ? null
      : (lines
          .slice(start)
          .map((line) => /peer (\S+@"[^"]*") from (\S+)/.exec(line))
          .find((match) => match !== null) ?? null);
  const chosen = after ?? blame[0] ?? null;
  const parents = lines.flatMap(
    (line) => /^\s*(?:dev |peer )?(\S+@"[^"]+") from the root project/.exec(line)?.[1] ?? [],
  );
  const through =
    start < 0
      ? undefined
      : lines
          .slice(start)
          .map((line) => /^node_modules\/((?:@[^/]+\/)?[^/\s]+)$/.exec(line)?.[1])
          .find((value) => value !== undefined);
  return {
    ...(chosen?.[1] === undefined || chosen[2] === undefined ? {} : { needs: chosen[1], by: chosen[2] }),
    ...(found === undefined ? {} : { found }),
    ...(parents[0] === undefined ? {} : { root: parents.slice(0, 2).join(', ') }),
    ...(through === undefined ? {} : { package: through }),
    ...mentioned(lines),
  };
}

/** Everybody who takes part, for the one who reads. */
function mentioned(lines: readonly string[]): Details {
  const names = [
    ...new Set(lines.flatMap((line) => /from ((?:@[^@\s/]+\/)?[^@\s]+@[\d][^\s]*)/.exec(line)?.[1] ?? [])),
  ];
  const resolving = lines.map((line) => /^While resolving: (\S+)/.exec(line)?.[1]).find((value) => value !== undefined);
  return {
    ...(names.length > 0 ? { packages: names.slice(0, 4).join(', ') } : {}),
    ...(resolving === undefined ? {} : { resolving }),
  };
}
