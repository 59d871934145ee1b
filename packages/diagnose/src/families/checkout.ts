import { groups, type Rule } from '../rule.ts';

export const checkout: readonly Rule[] = [
  {
    cause: 'source_submodule_failed',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      {
        hints: ['into submodule path'],
        regex: /clone of '(?<repository>[^']+)' into submodule path '(?<path>[^']+)' failed/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['no url found for submodule'],
        regex: /[Nn]o url found for submodule path '(?<path>[^']+)'/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['in submodule path'],
        regex: /Fetched in submodule path '(?<path>[^']+)', but it did not contain (?<commit>[0-9a-f]+)/,
        weight: 94,
        take: groups,
      },
    ],
    words: ({ repository, path, commit }) => ({
      title: `The submodule ${path ?? ''} could not be fetched`,
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
      {
        hints: ['error downloading object'],
        regex: /Error downloading object: (?<file>\S+) \(/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['git-lfs'],
        regex: /git-lfs(?: filter-process)?: (?:1: )?(?:git-lfs: )?(?<missing>not found|command not found)/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['over its data quota'],
        regex: /This repository is over its data quota/,
        weight: 95,
        take: () => ({ quota: true }),
      },
    ],
    words: ({ file, missing, quota }) => ({
      title:
        missing !== undefined
          ? 'git-lfs is not installed'
          : `The large file ${file ?? ''} could not be fetched from LFS`.replace('  ', ' '),
      explanation:
        quota === true
          ? 'The owner’s LFS quota is used up.'
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
      {
        hints: ['already exists and is not an empty directory'],
        regex: /(?<path>destination path '[^']+') already exists and is not an empty directory/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['would be overwritten by'],
        regex: /Your local changes to the following files would be overwritten by/,
        weight: 92,
        take: (_, { search }) => ({ ...groups(search(/^\s+(?<path>\S+)$/, 2)) }),
      },
      { hints: ['.lock'], regex: /Unable to create '(?<path>[^']+\.lock)': File exists/, weight: 92, take: groups },
      {
        hints: ['not a git repository'],
        regex: /not a git repository(?: \(or any of the parent directories\))?: (?<path>\S+)/,
        weight: 85,
        take: groups,
      },
    ],
    words: ({ path }) => ({
      title: `A directory of Switchyard is not as it should be: ${path ?? ''}`,
      explanation:
        'Something is in the place where the source is fetched to: left by a process that died, or put there by somebody.',
      fix: `It is tried again in a fresh place. If it stays, remove ${path ?? 'what is in the way'} while no deployment runs.`,
    }),
  },
];
