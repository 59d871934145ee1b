import type { Failure } from '../failure.ts';
import { type Details, groups, named, type Rule, type Sight, sign } from '../rule.ts';

/** Names of what changed, from the lines that follow. */
function changed(match: RegExpExecArray, sight: Sight): Details | null {
  const { output, at } = sight;
  if (wentOn(sight)) return null;
  const names = new Set<string>();
  const near = output.lines.slice(Math.max(0, at - 2), at + 60).map(({ bare }) => bare);
  for (const line of near) {
    const found =
      /^(?:Missing: |Invalid: lock file's )(?<package>(?:@[^@\s/]+\/)?[^@\s]+@\S+)/.exec(line) ??
      /^[+-]\s+"?(?<package>[@\w./-]+)"?: "?[\w:^~]/.exec(line) ??
      /^\s*\* \d+ dependencies (?:were|are) [\w ]+: (?<package>.+)/.exec(line);
    if (found?.groups?.['package'] !== undefined) names.add(found.groups['package']);
  }
  const invalid = near.map((line) => /^Invalid: lock file's (.+)$/.exec(line)?.[1]).find((text) => text !== undefined);
  return {
    ...groups(match),
    ...(names.size > 0 ? { packages: [...names].slice(0, 8).join(', ') } : {}),
    ...(invalid === undefined ? {} : { mismatch: invalid }),
  };
}

/** `npm ci || npm install`: what the first said did not end it, where a later one fails for a reason of its own. */
function wentOn({ output, at }: Sight): boolean {
  return output
    .linesWith(['code e', 'added '])
    .some(
      (index) => index > at && /^(?:code E(?!USAGE|LIFECYCLE)|added \d+ package)/.test(output.lines[index]?.bare ?? ''),
    );
}

const install = ({ context }: Failure): string => context.plan?.packageManager?.name ?? 'npm';
const lockfileOf = ({ context }: Failure): string => context.plan?.packageManager?.lockfile ?? 'the lockfile';

export const lockfiles: readonly Rule[] = [
  {
    cause: 'lockfile_out_of_sync',
    fault: 'user',
    stages: ['install', 'package'],
    patterns: [
      sign(
        'can only install packages when your package.json and',
        /can only install packages when your package\.json and (?<lockfile>package-lock\.json)/,
        90,
        changed,
      ),
      sign(
        ['can only install packages with an existing', 'are in sync'],
        /can only install packages when your (?<lockfile>\S+) and .* are in sync/,
        84,
        changed,
      ),
      sign('from lock file', /^Missing: (?<package>\S+) from lock file/, 86, changed),
      sign("invalid: lock file's", /^Invalid: lock file's (?<mismatch>.+)/, 86, changed),
      sign('outdated_lockfile', /ERR_PNPM_OUTDATED_LOCKFILE/, 92, (_, sight) => ({
        lockfile: 'pnpm-lock.yaml',
        ...specifiers(sight),
      })),
      sign('lockfile_config_mismatch', /ERR_PNPM_LOCKFILE_CONFIG_MISMATCH/, 90, named({ lockfile: 'pnpm-lock.yaml' })),
      sign(
        'broken_lockfile',
        /ERR_PNPM_(?:BROKEN_LOCKFILE|LOCKFILE_MISSING_DEPENDENCY)\s+(?<message>.+)/,
        91,
        named({ lockfile: 'pnpm-lock.yaml' }),
      ),
      sign(
        ['headless installation requires', 'lockfile is not up to date', 'lockfile is not up-to-date'],
        /(?:Headless installation requires a pnpm-lock\.yaml|lockfile is not up[- ]to[- ]date)/i,
        80,
        named({ lockfile: 'pnpm-lock.yaml' }),
      ),
      sign(
        'your lockfile needs to be updated',
        /Your lockfile needs to be updated/,
        90,
        named({ lockfile: 'yarn.lock' }),
      ),
      sign(
        'lockfile would have been',
        /The lockfile would have been (?<state>modified|created) by this install/,
        91,
        (match, sight) => ({ lockfile: 'yarn.lock', ...groups(match), ...berryChanges(match, sight) }),
      ),
      sign(
        "package doesn't seem to be present in your lockfile",
        /(?<packages>\S+): This package doesn't seem to be present in your lockfile/,
        92,
        named({ lockfile: 'yarn.lock' }),
      ),
      sign("isn't in your lockfile", /^(?<packages>\S{1,214})[^.]{0,40} isn't in your lockfile/, 88),
      sign(
        'lockfile is frozen',
        /lockfile had changes, but lockfile is frozen/,
        92,
        named({ lockfile: 'bun.lock', message: 'lockfile is frozen' }),
      ),
      sign(
        'missing go.sum entry',
        /missing go\.sum entry (?:for (?:module providing package (?<packages>\S+)|go\.mod file))?/,
        90,
        named({ lockfile: 'go.sum' }),
      ),
      sign(
        ['updates to go.mod needed', 'go: updates to go.', 'inconsistent vendoring'],
        /(?<message>updates to go\.(?:mod|sum) needed|inconsistent vendoring)/,
        91,
        named({ lockfile: 'go.mod' }),
      ),
      sign(
        'needs to be updated but --',
        /(?:lock file|lockfile) (?<path>\S*Cargo\.lock)? ?needs to be updated but --(?:locked|frozen) was passed/,
        92,
        named({ lockfile: 'Cargo.lock' }),
      ),
      sign(
        ['poetry.lock', 'lock file is out of date'],
        /(?<message>pyproject\.toml changed significantly since poetry\.lock was last generated|poetry\.lock is not up to date with pyproject\.toml)/,
        92,
        named({ lockfile: 'poetry.lock' }),
      ),
      sign(['the lockfile at', 'uv.lock'], /The lockfile at `(?<lockfile>[^`]+)` needs to be updated/, 92),
      sign(
        'pipfile.lock',
        /Your Pipfile\.lock \((?<found>\w+)\) is out of date/,
        92,
        named({ lockfile: 'Pipfile.lock' }),
      ),
      sign(
        ['gemfile.lock', 'the gemfile'],
        /(?:Your lockfile (?:is not|does not)|The gemspecs for path gems changed|You are trying to install in deployment mode after changing your Gemfile|The dependencies in your gemfile changed|frozen mode is set|Some dependencies were deleted from your gemfile)/i,
        92,
        withGems,
      ),
      sign(
        [
          'lock file is not up to date with the latest changes',
          'required package "',
          'is not present in the lock file',
        ],
        /(?:Required package "(?<packages>[^"]+)" is (?:not present in the lock file|in the lock file as .*)|The lock file is not up to date with the latest changes in composer\.json)/,
        86,
        named({ lockfile: 'composer.lock' }),
        { warns: true },
      ),
      sign(
        'lockfile out of date',
        /The lockfile is out of date|--frozen.*lockfile/i,
        84,
        named({ lockfile: 'deno.lock' }),
      ),
    ],
    words: (details, failure) => {
      const lockfile = String(details['lockfile'] ?? lockfileOf(failure));
      const what = details['mismatch'] ?? details['packages'] ?? details['message'];
      return {
        title: `${lockfile} does not fit the manifest`,
        explanation: `The install follows the lockfile exactly, and the manifest asks for something else${what === undefined ? '' : `: ${what}`}.`,
        fix: `Run \`${lockCommand(lockfile, failure)}\` in your working copy and commit ${lockfile} together with the manifest. Merge-conflict marks in it count as well.`,
      };
    },
  },
  {
    cause: 'lockfile_missing',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign(
        'can only install with an existing package-lock',
        /can only install with an existing (?<lockfile>package-lock\.json)/,
        88,
        (match, sight) => (wentOn(sight) ? null : groups(match)),
      ),
      sign(
        'cipm can only install packages',
        /cipm can only install packages with an existing (?<lockfile>package-lock\.json)/,
        88,
      ),
      sign('no_lockfile', /ERR_PNPM_NO_LOCKFILE/, 90, named({ lockfile: 'pnpm-lock.yaml' })),
      sign(
        'no lockfile found',
        /(?:error )?No lockfile found(?! in this)(?=.*frozen)|No lockfile in this directory/,
        80,
        named({ lockfile: 'yarn.lock' }),
      ),
      sign(
        'lockfile not found',
        /(?:error: )?[Ll]ockfile not found(?:, but lockfile is frozen)?|error: (?:missing|no) lockfile/,
        86,
        named({ lockfile: 'bun.lock' }),
      ),
      sign(
        ['unable to find lockfile', 'poetry.lock', 'pipfile.lock'],
        /(?:Unable to find lockfile at `(?<lockfile>[^`]+)`|(?<file>Pipfile\.lock|poetry\.lock)[^.]{0,30} not found)/i,
        88,
      ),
      sign(
        'gemfile.lock',
        /(?:The deployment setting requires|frozen is set, but there's no|Unable to find|--deployment flag requires) .{0,20}(?<lockfile>Gemfile\.lock|lockfile)/i,
        90,
      ),
      sign(
        ['cargo.lock', 'lock file'],
        /cannot create the lock file (?<lockfile>\S+) because --(?:locked|frozen) was passed/,
        92,
      ),
    ],
    words: ({ lockfile, file }, failure) => ({
      title: `${lockfile ?? file ?? 'The lockfile'} is missing`,
      explanation: 'The install command follows a lockfile, and the repository has none.',
      fix: `Run \`${install(failure)} install\`, then commit ${lockfile ?? file ?? 'the lockfile'}; see that .gitignore does not name it.`,
    }),
  },
];

const COMMANDS: Readonly<Record<string, string>> = {
  'pnpm-lock.yaml': 'pnpm install',
  'yarn.lock': 'yarn install',
  'package-lock.json': 'npm install',
  'bun.lock': 'bun install',
  'go.sum': 'go mod tidy',
  'go.mod': 'go mod tidy',
  'Cargo.lock': 'cargo update --workspace',
  'poetry.lock': 'poetry lock',
  'uv.lock': 'uv lock',
  'Pipfile.lock': 'pipenv lock',
  'Gemfile.lock': 'bundle install',
  'composer.lock': 'composer update --lock',
  'deno.lock': 'deno install',
};

function lockCommand(lockfile: string, failure: Failure): string {
  return COMMANDS[lockfile] ?? `${install(failure)} install`;
}

function withGems(_: RegExpExecArray, { output, at }: Sight): Details {
  const names = output.lines.slice(at, at + 15).flatMap(({ bare }) => /^\* (?<gem>[\w-]+)/.exec(bare)?.[1] ?? []);
  return { lockfile: 'Gemfile.lock', ...(names.length > 0 ? { packages: names.join(', ') } : {}) };
}

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
  const line = output.lines
    .slice(at, at + 14)
    .map(({ bare }) =>
      /dependencies (?:were|are) [\w ]+: (?<packages>.+)$|^\s*- (?<changed>\S+ \(lockfile: .+\))/.exec(bare),
    )
    .find((match) => match != null);
  return line == null ? {} : { packages: line.groups?.['packages'] ?? line.groups?.['changed'] ?? '' };
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
function berryChanges(_: RegExpExecArray, { output, at }: Sight): Details {
  const names = new Set<string>();
  for (const { bare } of output.lines.slice(Math.max(0, at - 200), at + 200)) {
    const name = /^[+-]\s+"?(@?[\w./-]+)"?: "?(?:npm:)?[\^~\d>=*]/.exec(bare)?.[1];
    if (name !== undefined && !['version', 'checksum', 'resolution'].includes(name)) names.add(name);
  }
  return names.size > 0 ? { packages: [...names].slice(0, 8).join(', ') } : {};
}
