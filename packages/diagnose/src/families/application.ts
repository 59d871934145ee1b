import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

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
    words: ({ address }, failure) => ({
      title: `The port is taken: ${address ?? ''}`,
      explanation: `Another process listens there${phrase('; the app was told to use ', failure.context.port)}. An app that uses a fixed number meets its own earlier version.`,
      fix: 'Listen on `process.env.PORT` instead of a fixed number, and call `listen` only once.',
    }),
  },
  {
    cause: 'listen_failed',
    fault: 'user',
    stages: ['health'],
    patterns: [
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
      {
        hints: ['enoent'],
        regex:
          /^(?:\w*Error: )?ENOENT: no such file or directory, (?:open|stat|scandir|access|lstat) '(?<file>(?!.*(?:package\.json|node_modules))[^']+)'/,
        weight: 76,
        take: ownFrame,
      },
      { hints: ['node: '], regex: /^node: (?<file>\.env\S*): not found/, weight: 92, take: groups },
    ],
    words: ({ file, place }) => ({
      title: `${file ?? 'A file'} is missing`,
      explanation: `The app reads it${phrase(' in ', place)}, and it is not in what was deployed: not committed, ignored, or written by hand elsewhere.`,
      fix: `Commit ${file ?? 'it'}, or read its values from variables of the app (what is secret does not belong in the repository).`,
    }),
  },
  {
    cause: 'app_crash',
    fault: 'user',
    stages: ['health'],
    patterns: [
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
