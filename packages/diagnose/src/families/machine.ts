import { formatBytes } from '@switchyard/domain';
import type { Failure } from '../failure.ts';
import { type Details, groups, named, phrase, type Rule, sign, withNear } from '../rule.ts';

const limitOf = ({ context: { memory } }: Failure) =>
  memory === undefined ? undefined : formatBytes(memory.memoryLimitBytes);

export const machine: readonly Rule[] = [
  {
    cause: 'out_of_memory',
    fault: 'user',
    stages: [],
    patterns: [
      sign(
        ['javascript heap out of memory', 'allocation failed'],
        /(?:Reached heap limit|Ineffective mark-compacts near heap limit|CALL_AND_RETRY_LAST|invalid array length|MarkCompactCollector|Committing semi space failed|NewSpace::\w+|Zone).*(?<message>JavaScript heap out of memory|process out of memory)/,
        96,
        named({ kind: 'heap' }),
      ),
      sign('javascript heap out of memory', /(?<message>JavaScript heap out of memory)/, 93, named({ kind: 'heap' })),
      sign(
        ['err_worker_out_of_memory', 'worker terminated due to reaching memory limit'],
        /(?:ERR_WORKER_OUT_OF_MEMORY|Worker terminated due to reaching memory limit): ?(?<message>JS heap out of memory)?/,
        95,
        (match) => ({ kind: 'heap', message: 'JS heap out of memory', ...groups(match) }),
      ),
      sign(
        ['process ran out of memory', 'ran out of memory', 'used up all of the', 'the process exited too early'],
        /(?<message>process ran out of memory|system ran out of memory|ran out of memory or was forcibly killed|used up all of the (?:available )?memory)/i,
        94,
      ),
      sign(
        ['oomkilled', 'oom-killed', 'oom_kill', 'out of memory: kill', 'oom-kill', 'memory cgroup out of memory'],
        /(?<message>OOMKilled|OOM-?[Kk]illed|[Oo]ut of memory: Kill(?:ed)? process|Memory cgroup out of memory|oom-kill)/,
        95,
      ),
      sign(
        ['error r14', 'error r15', 'memory quota'],
        /Error (?<message>R1[45] \(Memory quota (?:vastly )?exceeded\))/,
        90,
      ),
      sign('killed', /^(?:\S+: (?:line )?\d+: +\d+ )?Killed\b/, 87, named({ message: 'Killed', exit: 'code 137' })),
      sign(
        ['sigkill', 'signal: killed', 'signal 9', '(signal: 9'],
        /(?:killed (?:by|with)|was killed with|terminated (?:by|with|due to)|signal:?|received|exited with|due to signal) (?:signal )?(?<message>SIGKILL|killed|9(?:, SIGKILL)?)\b|\(signal: 9, (?<signal>SIGKILL)/,
        82,
        (match) => ({ ...groups(match), exit: 'code 137' }),
      ),
      sign(
        ['exit code: 137', 'code 137', 'status 137', 'errno 137', 'exit status 137', 'exited (137)'],
        /(?:exit(?:ed)?(?: with)?(?: code| status)?:?|errno|ELIFECYCLE.*|code|status) \(?(?<exit>137)\)?/,
        72,
        named({ message: 'exit code 137' }),
      ),
      sign(
        ['cannot allocate memory', 'std::bad_alloc', 'enomem', 'memoryerror', 'virtual memory exhausted'],
        /(?<message>Cannot allocate memory|std::bad_alloc|ENOMEM|MemoryError|virtual memory exhausted: Cannot allocate memory)/,
        86,
      ),
      sign(
        ['allowed memory size of'],
        /(?<message>Allowed memory size of \d+ bytes exhausted)/,
        95,
        named({ kind: 'php' }),
      ),
      sign(
        ['outofmemoryerror', 'java heap space', 'gc overhead limit'],
        /(?<message>java\.lang\.OutOfMemoryError(?:: .{0,60})?|GC overhead limit exceeded)/,
        95,
        named({ kind: 'java' }),
      ),
      sign(
        'next.js build worker exited',
        /Next\.js build worker exited with code: (?:null|137) and signal: (?<message>SIGKILL|SIGABRT)/,
        90,
      ),
    ],
    words: ({ kind, message, exit }, failure) => ({
      title:
        kind === undefined
          ? `The process was killed for want of memory (${message ?? 'SIGKILL'}${phrase(', ', exit)})`
          : kind === 'heap'
            ? 'Node ran into its heap limit (JavaScript heap out of memory)'
            : `The program ran into its own memory limit (${message})`,
      explanation:
        kind === undefined
          ? `The system ended it when memory ran out${phrase(': the limit is ', limitOf(failure))}.`
          : 'It ended itself: its own limit was reached, whatever the machine has.',
      fix:
        kind === 'heap'
          ? 'Set NODE_OPTIONS=--max-old-space-size=<MB> to about three quarters of the memory there is, or make the work smaller (source maps, parallel workers).'
          : kind === 'java'
            ? 'Raise -Xmx (MAVEN_OPTS, org.gradle.jvmargs, JAVA_OPTS) to about three quarters of the memory there is.'
            : kind === 'php'
              ? 'Raise memory_limit (COMPOSER_MEMORY_LIMIT=-1 for composer).'
              : `Raise \`limits.${failure.stage === 'health' ? 'run' : 'build'}.memoryMiB\` in switchyard.json, or make it need less: fewer parallel workers, smaller bundles.`,
    }),
  },
  {
    cause: 'disk_full',
    fault: 'platform',
    stages: [],
    patterns: [
      sign(
        'no space left on device',
        /(?:(?:error writing|cannot create \S+|unable to write file|write error:?|failed to (?:copy|write)[\w ]*|write) '?(?<path>\/[^':\s]+)'?:? )?.*(?<message>[Nn]o space left on device)/,
        96,
        withCode,
        { warns: true },
      ),
      sign('enospc', /\b(?<message>(?:ERR_PNPM_)?ENOSPC)\b(?!.*file watchers)/, 96, named({ message: 'ENOSPC' }), {
        warns: true,
      }),
      sign(['quota exceeded', 'edquot'], /(?<message>[Dd]isk quota exceeded|EDQUOT)/, 95),
      sign(
        [
          'not enough disk space',
          'insufficient disk space',
          'disk is full',
          "don't have enough free space",
          'not enough free space',
        ],
        /(?<message>[Nn]ot enough (?:free |disk )?space|[Ii]nsufficient disk space|disk is full|don't have enough free space in (?<path>\S+))/,
        92,
      ),
      sign(
        ['unable to write file', 'unable to write sha1', 'unable to write loose object', 'write error'],
        /(?:error|fatal): (?<message>unable to write (?:file (?<path>\S+)|sha1 filename \S+|loose object file)|sha1 file .* write error)/,
        80,
        (match, { failure }) =>
          failure.stage === 'source' && !/permission denied|read-only/i.test(match.input) ? groups(match) : null,
      ),
    ],
    words: ({ path, message, code }) => ({
      title: `The disk is full (${[code, message].filter((part) => part !== undefined).join(': ') || 'ENOSPC'})`,
      explanation: `${path === undefined ? 'The file system that the stage writes to' : `What holds ${path}`} has no room left, or no inodes.`,
      fix: 'Make room on the host: old releases, package caches, container images (`docker system prune`). Then deploy again.',
    }),
  },
  {
    cause: 'file_watchers_exhausted',
    fault: 'platform',
    stages: [],
    patterns: [
      sign(
        ['file watchers reached', 'too many open files', 'emfile', 'inotify'],
        /(?<message>System limit for number of file watchers reached|EMFILE: too many open files|too many open files|inotify_add_watch.*No space)/i,
        90,
      ),
    ],
    words: ({ message }) => ({
      title: `The system’s limit on open files or file watchers was reached${phrase(' (', message, ')')}`,
      explanation:
        'A tool watches or opens more files than the system lets it. A build does not need to watch files at all.',
      fix: 'Use the command that builds once instead of the one that watches; or raise fs.inotify.max_user_watches and the limit on open files on the host.',
    }),
  },
  {
    cause: 'filesystem_permission',
    fault: 'user',
    stages: [],
    patterns: [
      sign(
        ['eacces', 'eperm'],
        /(?:EACCES|EPERM): (?:permission denied|operation not permitted), (?<operation>\w+) '(?<path>[^']+)'/,
        88,
        (match) => (match.groups?.['operation'] === 'listen' ? null : groups(match)),
      ),
      sign(
        ['code eacces', 'code eperm'],
        /^code (?<code>EACCES|EPERM)/,
        84,
        withNear([/^path (?<path>\S+)/, 4], [/^syscall (?<operation>\S+)/, 3]),
      ),
      sign(
        'permission denied',
        /^(?:\S*sh|\/bin\/\w+|env): (?:line )?(?:\d+: )?(?<path>[^\s:]+): Permission denied/,
        89,
      ),
      sign('permission denied', /sh: \d+: (?:cannot create|cannot open) (?<path>[^\s:]+): Permission denied/, 88),
      sign(
        'read-only file system',
        /'?(?<path>\/[^':\s]+)'?: (?<reason>Read-only file system)|(?:EROFS): (?<erofs>read-only file system), \w+ '(?<file>[^']+)'/,
        91,
      ),
      sign(
        ['permission denied', 'operation not permitted'],
        /(?:cannot|failed to|could not|unable to|can't) [\w ]+['"‘](?<path>[^'"’]+)['"’]?(?: \S+ \S+)?: (?:Permission denied|Operation not permitted)/,
        87,
      ),
      sign(
        'permission denied',
        /(?:could not create work tree dir|unable to create file|unable to append to|cannot open|could not open|unable to unlink(?: old)?|insufficient permission for adding an object to repository database) '?(?<path>[\w./-]+)'?(?:: Permission denied)?/,
        86,
      ),
      sign(
        'insufficient permission for adding an object',
        /insufficient permission for adding an object to repository database (?<path>\S+)/,
        92,
      ),
      sign('errno 13', /\[Errno 13\] Permission denied: ?'?(?<path>[^'\s]+)/, 90),
      sign(
        'not writable',
        /(?<path>\/[\w./-]+)'? (?:is not writable|does not exist and could not be created|is not accessible)|Access denied to (?<file>\S+)/i,
        76,
      ),
      sign('exec: "', /exec: "(?<path>[^"]+)": permission denied/, 92),
      sign(['permission denied @', 'eacces'], /Permission denied @ \w+ - (?<path>\S+)|Errno::EACCES/, 88),
      sign('accessdeniedexception', /AccessDeniedException: (?<path>\S+)/, 86),
      sign(
        ['open ', 'mkdir ', 'permission denied'],
        /(?:open|mkdir|create|remove|unlink|rename|write|stat) (?<path>\/[^\s:]+): permission denied/,
        86,
        (match) => (/docker\.sock|dial unix/.test(match.input) ? null : groups(match)),
      ),
      sign(
        'failed to open stream: permission denied',
        /(?:file_put_contents|fopen|The stream or file)\(?"?(?<path>[^)"]+)"?\)?.*[Ff]ailed to open stream: Permission denied/,
        89,
      ),
      sign('you do not have write permissions', /You don't have write permissions for the (?<path>\S+) directory/, 90),
    ],
    words: ({ path, file, operation, reason, erofs }) => ({
      title:
        reason === undefined && erofs === undefined
          ? `Permission denied: ${path ?? file ?? ''}`.replace(/: $/, '')
          : `${path ?? file} is on a read-only file system`,
      explanation:
        operation === undefined
          ? 'The user that the stage runs as may not execute or write there.'
          : `The user that the stage runs as may not ${operation} there; often something was left by a run as root, or the path is outside the app’s directory.`,
      fix: `Write inside the app’s directory, or make ${path ?? file ?? 'the file'} accessible (a program in the repository needs its executable bit: \`git update-index --chmod=+x\`).`,
    }),
  },
];

function withCode(match: RegExpExecArray): Details {
  return { ...groups(match), ...(match.input.includes('ENOSPC') ? { code: 'ENOSPC' } : {}) };
}
