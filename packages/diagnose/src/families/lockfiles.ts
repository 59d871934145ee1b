import { type Details, groups, type Rule, type Sight } from '../rule.ts';

/** Names of what changed, from the lines that follow. */
function changed(match: RegExpExecArray, { output, at }: Sight): Details {
  const names = new Set<string>();
  for (const { bare } of output.lines.slice(Math.max(0, at - 2), at + 60)) {
    const found =
      /^(?:Missing: |Invalid: lock file's )(?<package>(?:@[^@\s/]+\/)?[^@\s]+@\S+)/.exec(bare) ??
      /^[+-]\s+"?(?<package>[@\w./-]+)"?: "?[\w:^~]/.exec(bare) ??
      /^\s*\* \d+ dependencies were \w+: (?<package>.+)/.exec(bare);
    if (found?.groups?.['package'] !== undefined) names.add(found.groups['package']);
  }
  const invalid = output.lines
    .slice(at, at + 60)
    .map(({ bare }) => /^Invalid: lock file's (.+)$/.exec(bare)?.[1])
    .find((text) => text !== undefined);
  return {
    ...groups(match),
    ...(names.size > 0 ? { packages: [...names].slice(0, 8).join(', ') } : {}),
    ...(invalid === undefined ? {} : { mismatch: invalid }),
  };
}

const install = (failure: {
  context: { plan?: { packageManager: { name: string; lockfile: string | null } | null } | null };
}): string => failure.context.plan?.packageManager?.name ?? 'npm';
const lockfileOf = (failure: Parameters<typeof install>[0]): string =>
  failure.context.plan?.packageManager?.lockfile ?? 'the lockfile';

export const lockfiles: readonly Rule[] = [
  {
    cause: 'lockfile_out_of_sync',
    fault: 'user',
    stages: ['install', 'package'],
    patterns: [
      {
        hints: ['can only install packages when your package.json and'],
        regex: /can only install packages when your package\.json and (?<lockfile>package-lock\.json)/,
        weight: 90,
        take: changed,
      },
      { hints: ['from lock file'], regex: /^Missing: (?<package>\S+) from lock file/, weight: 86, take: changed },
      { hints: ["invalid: lock file's"], regex: /^Invalid: lock file's (?<mismatch>.+)/, weight: 86, take: changed },
      {
        hints: ['outdated_lockfile'],
        regex: /ERR_PNPM_OUTDATED_LOCKFILE/,
        weight: 92,
        take: (_, sight) => ({ lockfile: 'pnpm-lock.yaml', ...specifiers(sight) }),
      },
      {
        hints: ['lockfile_config_mismatch'],
        regex: /ERR_PNPM_LOCKFILE_CONFIG_MISMATCH/,
        weight: 90,
        take: () => ({ lockfile: 'pnpm-lock.yaml' }),
      },
      {
        hints: ['your lockfile needs to be updated'],
        regex: /Your lockfile needs to be updated/,
        weight: 90,
        take: () => ({ lockfile: 'yarn.lock' }),
      },
      {
        hints: ['lockfile would have been'],
        regex: /The lockfile would have been (?:modified|created) by this install/,
        weight: 90,
        take: (match, sight) => ({ lockfile: 'yarn.lock', ...berryChanges(match, sight) }),
      },
      {
        hints: ['lockfile is frozen'],
        regex: /lockfile had changes, but (?<state>lockfile is frozen)/,
        weight: 92,
        take: () => ({ lockfile: 'bun.lock', message: 'lockfile is frozen' }),
      },
      {
        hints: ['missing go.sum entry'],
        regex: /missing go\.sum entry for module providing package (?<packages>\S+)/,
        weight: 90,
        take: (match) => ({ lockfile: 'go.sum', ...groups(match) }),
      },
    ],
    words: (details, failure) => {
      const lockfile = String(details['lockfile'] ?? lockfileOf(failure));
      return {
        title: `${lockfile} does not fit package.json`,
        explanation: `The install follows the lockfile exactly, and package.json asks for something else${details['mismatch'] ? `: ${details['mismatch']}` : details['packages'] ? `: ${details['packages']}` : ''}.`,
        fix: `Run \`${install(failure)} install\` in your working copy and commit ${lockfile} together with package.json.`,
      };
    },
  },
  {
    cause: 'lockfile_missing',
    fault: 'user',
    stages: ['install'],
    patterns: [
      {
        hints: ['can only install with an existing package-lock'],
        regex: /can only install with an existing (?<lockfile>package-lock\.json)/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['no_lockfile'],
        regex: /ERR_PNPM_NO_LOCKFILE/,
        weight: 90,
        take: () => ({ lockfile: 'pnpm-lock.yaml' }),
      },
    ],
    words: ({ lockfile }, failure) => ({
      title: `${lockfile ?? 'The lockfile'} is missing`,
      explanation: 'The install command follows a lockfile, and the repository has none.',
      fix: `Run \`${install(failure)} install\`, then commit ${lockfile ?? 'the lockfile'}; see that .gitignore does not name it.`,
    }),
  },
  {
    cause: 'package_manager_mismatch',
    fault: 'user',
    stages: ['install', 'environment'],
    patterns: [
      {
        hints: ['this project is configured to use', 'this project requires'],
        regex: /This project is configured to use (?<wanted>[\w@.-]+)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ["this project's package.json defines"],
        regex: /This project's package\.json defines "packageManager": "?(?<wanted>[^"\s]+)/,
        weight: 92,
        take: groups,
      },
      { hints: ['unsupported_engine'], regex: /ERR_PNPM_UNSUPPORTED_ENGINE.*bad pnpm/, weight: 84, take: engines },
      {
        hints: ['ignoring not compatible lockfile'],
        regex: /Ignoring not compatible lockfile at (?<lockfile>\S+)/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['lockfile_breaking_change'],
        regex: /ERR_PNPM_LOCKFILE_BREAKING_CHANGE\s+Lockfile (?<lockfile>\S+)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['cannot find matching keyid'],
        regex: /Cannot find matching keyid/,
        weight: 92,
        take: () => ({ tool: 'corepack' }),
      },
      {
        hints: ["reading 'some'"],
        regex: /Cannot read properties of undefined \(reading 'some'\)/,
        weight: 55,
        take: (_, { output }) => (output.lowerCase.includes('corepack') ? { tool: 'corepack' } : null),
      },
      {
        hints: ['cannot read property'],
        regex: /^(?<message>Cannot read property '[^']+' of undefined)$/,
        weight: 70,
        take: groups,
      },
    ],
    words: ({ wanted, lockfile, tool, running }, failure) => ({
      title:
        tool === 'corepack'
          ? 'corepack can’t verify the package manager’s signature'
          : `The wrong package manager was used${wanted === undefined ? '' : `: the project asks for ${wanted}`}`,
      explanation:
        tool === 'corepack'
          ? 'The corepack that came with this Node does not know the registry’s present signing keys.'
          : `${lockfile === undefined ? 'The project names its package manager and version' : `${lockfile} was written by another generation of the package manager`}${running === undefined ? '' : `; ${running} ran`}.`,
      fix:
        tool === 'corepack'
          ? 'Ask for a newer Node, or set COREPACK_INTEGRITY_KEYS=0 for the build.'
          : `Name the version that wrote the lockfile in \`packageManager\` of package.json (now: ${failure.context.plan?.packageManager?.version ?? 'none'}), or write the lockfile anew with the one you want.`,
    }),
  },
];

function specifiers({ output, at }: Sight): Details {
  for (const { bare } of output.lines.slice(at, at + 12)) {
    const found = /specifiers in the lockfile \(?(\{[^}]*\})\)? don't match specs in package\.json \(?(\{[^}]*\})/.exec(
      bare,
    );
    const locked = jsonOf(found?.[1]);
    const wanted = jsonOf(found?.[2]);
    if (locked === null || wanted === null) continue;
    const names = [...new Set([...Object.keys(locked), ...Object.keys(wanted)])].filter(
      (name) => locked[name] !== wanted[name],
    );
    return names.length > 0 ? { packages: names.slice(0, 8).join(', ') } : {};
  }
  return changedLines({ output, at });
}

function changedLines({ output, at }: Pick<Sight, 'output' | 'at'>): Details {
  const line = output.lines
    .slice(at, at + 12)
    .map(({ bare }) => /dependencies were \w+: (?<packages>.+)$/.exec(bare))
    .find((match) => match != null);
  return line == null ? {} : groups(line);
}

function jsonOf(text: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** Berry prints the difference with signs in front, around the message. */
function berryChanges(_: RegExpExecArray, { output }: Sight): Details {
  const names = new Set<string>();
  for (const { bare } of output.lines) {
    const name = /^[+-]\s+"?(@?[\w./-]+)"?: "?(?:npm:)?[\^~\d>=*]/.exec(bare)?.[1];
    if (name !== undefined && !['version', 'checksum', 'resolution'].includes(name)) names.add(name);
  }
  return names.size > 0 ? { packages: [...names].slice(0, 8).join(', ') } : {};
}

function engines(_: RegExpExecArray, { search }: Sight): Details {
  const wanted = search(/Expected version: (\S+)/, 10)?.[1];
  const got = search(/Got: (\S+)/, 10)?.[1];
  return {
    ...(wanted === undefined ? {} : { wanted: `pnpm ${wanted}` }),
    ...(got === undefined ? {} : { running: `pnpm ${got}` }),
  };
}
