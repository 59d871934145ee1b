import { type Details, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

/** The first frame of a stack that is the app's own code. */
function ownFrame(match: RegExpExecArray, { search }: Sight): Details {
  const frame = search(
    /^\s+at (?:[^(]*\()?(?<place>(?:file:\/\/)?\/(?![^)]*node_modules)[^\s():]+\.[cm]?[jt]sx?:\d+(?::\d+)?)/,
    15,
  )?.groups?.['place'];
  return { ...groups(match), ...(frame === undefined ? {} : { place: frame }) };
}

export const application: readonly Rule[] = [
  {
    cause: 'port_in_use',
    fault: 'user',
    stages: ['health', 'switch'],
    patterns: [
      sign(
        [
          'address already in use',
          'address in use',
          'port is already allocated',
          'already being used',
          'is already in use',
        ],
        /(?:(?:listen tcp|bind for|bind to|\[Errno 98\]|OSError|Errno::EADDRINUSE|Failed to (?:bind|listen)).{0,80}?(?<address>[\w.:[\]]*:?\d{2,5})?.{0,60}?(?:[Aa]ddress (?:already )?in use|port is already allocated)|[Pp]ort (?<port>\d{2,5}) (?:is |was )?already (?:in use|being used))/,
        90,
      ),
      {
        hints: ['eaddrinuse'],
        regex: /EADDRINUSE:? (?:address already in use )?(?<address>\S+?:\d+)/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['address already in use'],
        regex: /(?:bind\(\) to )?(?<address>\S*:\d+) failed \(98: Address already in use\)/,
        weight: 93,
        take: groups,
      },
    ],
    words: ({ address, port }, failure) => ({
      title: `The port is taken${phrase(': ', address ?? port)}`,
      explanation: `Another process listens there${phrase('; the app was told to use ', failure.context.port)}. An app that uses a fixed number meets its own earlier version.`,
      fix: 'Listen on `process.env.PORT` instead of a fixed number, and call `listen` only once.',
    }),
  },
  {
    cause: 'listen_failed',
    fault: 'user',
    stages: ['health'],
    patterns: [
      sign(
        ['cannot assign requested address', 'permission denied'],
        /(?:listen|bind)[^:]*(?: tcp\d?)? ?(?<address>[\w.:[\]]*:\d{1,5}).*(?:cannot assign requested address|permission denied)|bind\(\) to (?<other>\S+) failed \((?:13|99):/i,
        91,
      ),
      {
        hints: ['eaddrnotavail'],
        regex: /EADDRNOTAVAIL:? (?:address not available )?(?<address>\S+)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['listen eacces'],
        regex: /listen EACCES:? (?:permission denied )?(?<address>\S+)/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ address }) => ({
      title: `The app can’t listen on ${address ?? 'its address'}`,
      explanation: 'The address does not belong to this host, or ports below 1024 are not for everyone.',
      fix: 'Listen on 0.0.0.0 and on `process.env.PORT`.',
    }),
  },
  {
    cause: 'config_file_missing',
    fault: 'user',
    stages: ['health', 'migrate'],
    patterns: [
      sign(
        ['no such file or directory'],
        /(?:FileNotFoundError: \[Errno 2\] No such file or directory: |No such file or directory @ rb_sysopen - |failed to open stream: No such file or directory in |open |cannot open |Cannot open )['"]?(?<file>[\w./-]+\.(?:json|ya?ml|env\S*|toml|ini|pem|key|crt|cert|conf|properties|cfg|xml))['"]?/i,
        82,
      ),
      sign(
        [
          'no config file',
          'config file not found',
          'configuration file',
          'no such config',
          'cannot find config',
          'could not find config',
        ],
        /(?:[Nn]o config(?:uration)? file(?: found)?(?: named| at)?|[Cc]onfig(?:uration)? file (?:not found:?|(?<file>\S+) (?:not found|does not exist|could not be found))|(?:[Cc]annot|[Cc]ould not) find config(?:uration)? file)(?: ?(?:in |at |with path )?['"]?(?<path>[\w./-]*\.?[\w/-]+)['"]?)?/,
        80,
      ),
      sign(
        [
          "no 'script_location' key",
          "path doesn't exist",
          'migrations folder',
          "can't find meta/_journal.json",
          'no migrations',
          'migration files',
        ],
        /(?:No '?(?<file>script_location)'? key found|Path doesn't exist: '?(?<path>[^'\s.]+(?:\.[^'\s.]+)*)|Can't find (?<journal>meta\/_journal\.json) file)/,
        88,
      ),
      {
        hints: ['enoent'],
        regex:
          /^(?:\w*Error: )?ENOENT: no such file or directory, (?:open|stat|scandir|access|lstat) '(?<file>(?!.*(?:package\.json|node_modules))[^']+)'/,
        weight: 76,
        take: ownFrame,
      },
      { hints: ['node: '], regex: /^node: (?<file>\.env\S*): not found/, weight: 92, take: groups },
    ],
    words: ({ file: found, path, journal, place }) => {
      const file = found ?? path ?? journal;
      return {
        title: `${file ?? 'A file'} is missing`,
        explanation: `The app reads it${phrase(' in ', place)}, and it is not in what was deployed: not committed, ignored, or written by hand elsewhere.`,
        fix: `Commit ${file ?? 'it'}, or read its values from variables of the app (what is secret does not belong in the repository).`,
      };
    },
  },
  {
    cause: 'app_crash',
    fault: 'user',
    stages: ['health'],
    patterns: [
      sign(
        ['traceback (most recent call last)'],
        /^Traceback \(most recent call last\):/,
        56,
        (_, { search, failure }) =>
          failure.stage === 'health'
            ? {
                ...groups(search(/^(?<error>[\w.]*(?:Error|Exception)\b.*)/, 60)),
                ...groups(search(/File "(?<place>(?!.*site-packages)[^"]+)", line/, 40)),
              }
            : null,
      ),
      sign(
        ['unhandledpromiserejection', 'unhandled promise', 'err_unhandled_rejection'],
        /(?<error>\[?UnhandledPromiseRejection\w*\]?: .+|ERR_UNHANDLED_REJECTION.*)/,
        64,
      ),
      sign('panic:', /^(?<error>panic: .+)/, 74, withNear([/^\s+(?<place>\/\S+\.go:\d+)/, 12])),
      sign("thread '", /^thread '[^']+' panicked at (?<error>.+)/, 74),
      sign('exception in thread', /(?<error>Exception in thread "\w+" .+)/, 72),
      sign(
        'application run failed',
        /(?<error>Application run failed)/,
        60,
        withNear([/^Caused by: (?<error>.+)/, 60]),
      ),
      sign(
        ['segmentation fault', 'core dumped', 'bus error', 'sigsegv'],
        /(?<error>Segmentation fault(?: \(core dumped\))?|Bus error|SIGSEGV)/,
        80,
      ),
      sign('php fatal error', /(?<error>PHP Fatal error: .+?)(?: in (?<place>\S+):?\d*)?$/, 68),
      sign(
        ['back-off restarting', 'start request repeated too quickly', 'restarting (attempt', 'exited too quickly'],
        /(?<error>Back-off restarting failed container|Start request repeated too quickly|too many unstable restarts)/,
        58,
      ),
      {
        hints: ['error'],
        regex: /^(?:Uncaught )?(?<error>(?:Type|Reference|Range|Syntax|Assertion)?Error(?: \[\w+\])?: (?<message>.+))/,
        weight: 62,
        take: (match, sight) => (sight.failure.stage === 'health' ? ownFrame(match, sight) : null),
      },
      { hints: ['crashloopbackoff'], regex: /(?<error>CrashLoopBackOff)/, weight: 78, take: groups },
      {
        hints: ['node.js v'],
        regex: /^Node\.js v\d+/,
        weight: 40,
        take: (_, { failure }) => (failure.stage === 'health' ? {} : null),
      },
    ],
    words: ({ error, place }) => ({
      title: `The app crashed at start${phrase(': ', error)}`,
      explanation: `It threw an error that nothing caught${phrase(', in ', place)}.`,
      fix: `Start what was built with the same command and variables on your machine, and correct ${place ?? 'the place that the lines below name'}.`,
    }),
  },
];
