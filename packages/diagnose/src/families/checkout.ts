import { named, phrase, type Rule, sign, withNear } from '../rule.ts';

const SUBMODULE_ABOVE: readonly [RegExp, number] = [/Submodule '(?<path>[^']+)' \((?<repository>[^)]+)\)/, -20];

export const checkout: readonly Rule[] = [
  {
    cause: 'source_submodule_failed',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      sign(
        'into submodule path',
        /clone of '(?<repository>[^']+)' into submodule path '(?<path>[^']+)' failed/,
        94,
        withNear([/Failed to clone '(?<submodule>[^']+)'/, 6]),
      ),
      sign('url found for submodule', /[Nn]o url found for submodule (?:path )?'(?<path>[^']+)'/, 94),
      sign(
        'in submodule path',
        /Fetched in submodule path '(?<path>[^']+)', but it did not contain (?<commit>[0-9a-f]+)/,
        95,
        withNear(SUBMODULE_ABOVE),
      ),
      sign(
        ['in submodule path', 'submodule update', 'fetch in submodule'],
        /Unable to (?:checkout '(?<commit>[0-9a-f]+)'|find current (?:\S+\/)?revision|fetch|recurse) in(?:to)? submodule (?:path )?'(?<path>[^']+)'/,
        93,
      ),
      sign('failed to clone', /Failed to clone '(?<path>[^']+)' a second time/, 92, withNear(SUBMODULE_ABOVE)),
      sign(
        "transport 'file' not allowed",
        /transport 'file' not allowed/,
        92,
        withNear(SUBMODULE_ABOVE, [/Cloning into '(?<path>[^']+)'/, -4]),
      ),
      sign('errors during submodule', /Errors during submodule fetch/, 90, withNear([/^\s+(?<path>\S+)$/, 3])),
      sign(
        '.gitmodules',
        /please make sure that the \.gitmodules file is in the working tree|bad config line \d+ in file \.gitmodules/,
        90,
      ),
    ],
    words: ({ repository, path, commit }) => ({
      title: `The submodule ${path ?? repository ?? ''} could not be fetched`.replace('  ', ' '),
      explanation:
        commit === undefined
          ? `${repository ?? 'Its repository'} can’t be cloned from here.`
          : `The commit ${commit} that is asked for is not in the submodule’s repository.`,
      fix:
        commit === undefined
          ? `Give Switchyard access to ${repository ?? 'the submodule'}, or correct its address in .gitmodules.`
          : `Push ${commit} to the submodule’s repository, or point the submodule at a commit that is there.`,
    }),
  },
  {
    cause: 'source_lfs',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      sign('over its data quota', /over its data quota|exceeded its (?:LFS|bandwidth)/, 96, named({ quota: true })),
      sign('error downloading object', /Error downloading object: (?<file>\S+)(?: \(|:)/, 94),
      sign(
        'git-lfs',
        /git-lfs(?: filter-process| smudge)?: (?:line )?(?:\d+: )?(?:git-lfs: )?(?<missing>not found|command not found|No such file)|(?<command>git-lfs): (?:command )?not found/,
        95,
        named({ missing: 'git-lfs' }),
      ),
      sign("'lfs' is not a git command", /git: 'lfs' is not a git command/, 95, named({ missing: 'git-lfs' })),
      sign('smudge filter lfs failed', /(?<file>\S+): smudge filter lfs failed/, 88),
      sign(
        ['object does not exist on the server', 'failed to fetch some objects'],
        /Object does not exist on the server|failed to fetch some objects from '(?<repository>[^']+)'/,
        88,
      ),
    ],
    words: ({ file, repository, missing, quota }) => ({
      title:
        missing !== undefined
          ? 'git-lfs is not installed'
          : `The large file ${file ?? ''} could not be fetched from LFS${phrase(' of ', repository)}`.replace(
              '  ',
              ' ',
            ),
      explanation:
        quota === true
          ? 'The owner’s LFS quota is used up: the repository is over its data quota.'
          : missing !== undefined
            ? 'The repository keeps large files in LFS, and this host can’t fetch them.'
            : 'The Git host has the pointer, and not the file itself.',
      fix:
        quota === true
          ? 'Buy more quota or take large files out of LFS.'
          : missing !== undefined
            ? 'Install git-lfs on the host (Debian: apt-get install git-lfs).'
            : 'Push it from a working copy that has it: `git lfs push --all origin`.',
    }),
  },
  {
    cause: 'source_checkout_state',
    fault: 'platform',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      sign(
        'already exists and is not an empty directory',
        /(?<path>destination path '[^']+') already exists and is not an empty directory/,
        92,
      ),
      sign(
        'would be overwritten by',
        /(?:local changes to the following files|untracked working tree files) would be overwritten by/,
        92,
        withNear([/^\s+(?<path>\S+)$/, 2]),
      ),
      sign('.lock', /Unable to create '(?<path>[^']+\.lock)': File exists/, 92),
      sign(
        'another git process',
        /Another git process seems to be running/,
        80,
        withNear([/'(?<path>[^']+\.lock)'/, -4]),
      ),
      sign('cannot lock ref', /cannot lock ref '(?<path>[^']+)'/, 86),
      sign('dubious ownership', /detected dubious ownership in repository at '(?<path>[^']+)'/, 92),
      sign('is owned by someone else', /repository \('(?<path>[^']+)' is owned by someone else\)/, 90),
      sign(
        ['divergent branches', 'not possible to fast-forward', 'have diverged', 'non-fast-forward'],
        /(?:(?<state>divergent branches)|(?<reason>Not possible to fast-forward)|Your branch and '(?<path>[^']+)' have diverged|\(non-fast-forward\))/,
        88,
        withNear([/^(?:hint: )?\s*(?<branch>\S+)\s+->\s+\S+/, -8]),
      ),
      sign('merge conflict in', /CONFLICT \([^)]*\): Merge conflict in (?<path>\S+)/, 92),
      sign(
        ['you have not concluded your merge', 'you have unmerged paths', 'needs merge', 'pulling is not possible'],
        /You have (?<state>not concluded your merge|unmerged paths)|(?<path>\S+): needs merge|(?<reason>Pulling is not possible)/,
        86,
      ),
      sign(
        'not a git repository',
        /not a git repository(?: \(or any (?:of the parent directories|parent up to mount point [^)]*)\))?(?:: (?<path>\S+))?/,
        85,
      ),
      sign('unable to unlink', /unable to unlink old '(?<path>[^']+)'/, 84),
    ],
    words: ({ path, state, reason, branch }) => ({
      title: `A directory of Switchyard is not as it should be: ${path ?? state ?? reason ?? branch ?? 'the working copy'}`,
      explanation:
        'Something is in the place where the source is fetched to: left by a process that died, or put there by somebody.',
      fix: `It is tried again in a fresh place. If it stays, remove ${path ?? 'what is in the way'} while no deployment runs.`,
    }),
  },
];
