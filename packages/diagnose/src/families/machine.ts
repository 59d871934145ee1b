import { formatBytes } from '@switchyard/domain';
import type { Failure } from '../failure.ts';
import { groups, phrase, type Rule } from '../rule.ts';

const limitOf = ({ context: { memory } }: Failure) =>
  memory === undefined ? undefined : formatBytes(memory.memoryLimitBytes);

export const machine: readonly Rule[] = [
  {
    cause: 'out_of_memory',
    fault: 'user',
    stages: [],
    patterns: [
      {
        hints: ['javascript heap out of memory'],
        regex:
          /(?:Reached heap limit|Ineffective mark-compacts near heap limit|CALL_AND_RETRY_LAST).*(?<message>JavaScript heap out of memory)/,
        weight: 95,
        take: (match) => ({ kind: 'heap', ...groups(match) }),
      },
      { hints: ['oomkilled'], regex: /(?<message>OOMKilled)/, weight: 95, take: groups },
      {
        hints: [' killed'],
        regex: /^(?:\S+: (?:line )?\d+: +\d+ )?Killed\b/,
        weight: 86,
        take: () => ({ message: 'Killed', exit: 'code 137' }),
      },
      {
        hints: ['sigkill'],
        regex: /(?:killed by|was killed with|terminated by) (?:signal )?(?<message>SIGKILL)/,
        weight: 80,
        take: groups,
      },
      {
        hints: ['cannot allocate memory', 'std::bad_alloc'],
        regex: /(?<message>Cannot allocate memory|std::bad_alloc|ENOMEM)/,
        weight: 84,
        take: groups,
      },
    ],
    words: ({ kind, message, exit }, failure) => ({
      title:
        kind === 'heap'
          ? 'Node ran into its heap limit (JavaScript heap out of memory)'
          : `The process was killed for want of memory (${message ?? 'SIGKILL'}${phrase(', ', exit)})`,
      explanation:
        kind === 'heap'
          ? 'Node ended itself: its own limit on the heap was reached, whatever the machine has.'
          : `The system ended it when memory ran out${phrase(': the limit is ', limitOf(failure))}.`,
      fix:
        kind === 'heap'
          ? 'Set NODE_OPTIONS=--max-old-space-size=<MB> to about three quarters of the memory there is, or make the work smaller (source maps, parallel workers).'
          : `Raise \`limits.${failure.stage === 'health' ? 'run' : 'build'}.memoryMiB\` in switchyard.json, or make it need less: fewer parallel workers, smaller bundles.`,
    }),
  },
  {
    cause: 'disk_full',
    fault: 'platform',
    stages: [],
    patterns: [
      {
        hints: ['no space left on device'],
        regex:
          /(?:(?:error writing|cannot create \S+|unable to write file|write error:?) '?(?<path>\/[^':\s]+)'?:? )?.*(?<message>[Nn]o space left on device)/,
        weight: 96,
        take: groups,
      },
      {
        hints: ['enospc'],
        regex: /\b(?<message>(?:ERR_PNPM_)?ENOSPC)\b(?!.*file watchers)/,
        weight: 95,
        take: () => ({ message: 'ENOSPC' }),
      },
      { hints: ['quota exceeded'], regex: /(?<message>[Dd]isk quota exceeded)/, weight: 95, take: groups },
    ],
    words: ({ path, message }) => ({
      title: `The disk is full (${message ?? 'ENOSPC'})`,
      explanation: `The ${path ?? 'file system that the stage writes to'} has no room left.`,
      fix: 'Make room on the host: old releases, package caches, container images (`docker system prune`). Then deploy again.',
    }),
  },
  {
    cause: 'filesystem_permission',
    fault: 'user',
    stages: [],
    patterns: [
      {
        hints: ['eacces', 'eperm'],
        regex: /(?:EACCES|EPERM): (?:permission denied|operation not permitted), (?<operation>\w+) '(?<path>[^']+)'/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['permission denied'],
        regex: /^(?:\S*sh): (?:line )?\d+: (?<path>[^\s:]+): Permission denied/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['read-only file system'],
        regex:
          /'?(?<path>\/[^':\s]+)'?: (?<reason>Read-only file system)|(?:EROFS): read-only file system, \w+ '(?<file>[^']+)'/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['permission denied'],
        regex: /(?:cannot|failed to|could not) [\w ]+'(?<path>\/[^']+)'?: Permission denied/,
        weight: 86,
        take: groups,
      },
    ],
    words: ({ path, file, operation, reason }) => ({
      title:
        reason === undefined
          ? `Permission denied: ${path ?? file ?? ''}`
          : `${path ?? file} is on a read-only file system`,
      explanation:
        operation === undefined
          ? 'The user that the stage runs as may not execute or write there.'
          : `The user that the stage runs as may not ${operation} there; often something was left by a run as root, or the path is outside the app’s directory.`,
      fix: `Write inside the app’s directory, or make ${path ?? file ?? 'the file'} accessible (a program in the repository needs its executable bit: \`git update-index --chmod=+x\`).`,
    }),
  },
];
