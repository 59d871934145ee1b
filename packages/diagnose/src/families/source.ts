import { groups, phrase, type Rule } from '../rule.ts';

export const source: readonly Rule[] = [
  {
    cause: 'source_auth_failed',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      {
        hints: ['returned error: 401', 'returned error: 403'],
        regex: /unable to access '(?<repository>[^']+?)\/?': The requested URL returned error: (?<status>401|403)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['authentication failed for'],
        regex: /Authentication failed for '(?<repository>[^']+?)\/?'/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['could not read username', 'could not read password'],
        regex: /could not read (?:Username|Password) for '(?<host>[^']+)'/,
        weight: 90,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/'(?<repository>(?:https?|ssh):\/\/[^']+)'|\s(?<address>https?:\/\/\S+\.git)\b/, -20)),
        }),
      },
      {
        hints: ['permission denied (publickey'],
        regex: /(?:(?<identity>\S+@\S+): )?Permission denied \(publickey[^)]*\)/,
        weight: 85,
        take: groups,
      },
      {
        hints: ['are too open'],
        regex: /Permissions \d+ for '(?<keyFile>[^']+)' are too open/,
        weight: 92,
        take: groups,
      },
      { hints: ['could not read from remote repository'], regex: /Could not read from remote repository/, weight: 40 },
    ],
    words: ({ repository, address, host, identity, keyFile, status }) => ({
      title: `The Git host refused access to ${repository ?? address ?? host ?? identity ?? 'the repository'}`,
      explanation:
        keyFile !== undefined
          ? `The key file ${keyFile} may be read by others, so ssh does not use it.`
          : status === '403'
            ? 'The credential was accepted, and is not allowed to read this repository.'
            : 'No credential was given, or it was rejected: expired, withdrawn, or for another repository.',
      fix:
        keyFile !== undefined
          ? `chmod 600 ${keyFile}`
          : `Give Switchyard a token or deploy key with read access to ${repository ?? address ?? 'the repository'}, or renew the one it has: \`switchyard source token APP -\` for https, \`switchyard source deploy-key APP\` for ssh.`,
    }),
  },
  {
    cause: 'source_ref_not_found',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      {
        hints: ['not found in upstream'],
        regex: /Remote branch (?<ref>\S+) not found in upstream/,
        weight: 92,
        take: groups,
      },
      { hints: ["couldn't find remote ref"], regex: /couldn't find remote ref (?<ref>\S+)/i, weight: 92, take: groups },
      {
        hints: ['did not match any file(s) known to git'],
        regex: /pathspec '(?<ref>[^']+)' did not match any file\(s\) known to git/,
        weight: 90,
        take: groups,
      },
      { hints: ['not our ref'], regex: /not our ref (?<ref>[0-9a-f]+)/, weight: 90, take: groups },
      {
        hints: ['reference is not a tree'],
        regex: /reference is not a tree: (?<ref>[0-9a-f]+)/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['not a valid object name', 'bad object', 'unknown revision'],
        regex: /(?:Not a valid object name|bad object|ambiguous argument) '?(?<ref>[^'\s:]+)/i,
        weight: 80,
        take: groups,
      },
    ],
    words: ({ ref }) => ({
      title: `${ref ?? 'The branch, tag or commit'} is not in the repository`,
      explanation: 'It was renamed, deleted, force-pushed away, or never pushed.',
      fix: `Push ${ref ?? 'it'}, or deploy a branch, tag or commit that exists.`,
    }),
  },
  {
    cause: 'source_repo_not_found',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      {
        hints: ['repository', 'not found'],
        regex: /repository '(?<repository>[^']+?)\/?' not found|Repository not found/i,
        weight: 91,
        take: groups,
      },
      {
        hints: ['does not appear to be a git repository', 'does not exist'],
        regex: /'(?<repository>[^']+)' does not (?:appear to be a git repository|exist)/,
        weight: 88,
        take: groups,
      },
    ],
    words: ({ repository }) => ({
      title: `${repository ?? 'The repository'} does not exist, or may not be seen`,
      explanation:
        'Git hosts answer "not found" both for an address that is wrong and for a private repository that the credential does not reach.',
      fix: 'Check the address for typing errors, renames and a changed owner. If it is private, give Switchyard a token or deploy key with read access.',
    }),
  },
  {
    cause: 'source_ssh_host_key',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      {
        hints: ['remote host identification has changed'],
        regex: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
        weight: 95,
        take: (_, { search }) => ({ changed: true, ...groups(search(/Host key for (?<host>\S+) has changed/, 20)) }),
      },
      {
        hints: ['host key verification failed', 'host key is known for'],
        regex: /Host key verification failed|No \S+ host key is known for (?<host>\S+)/,
        weight: 80,
        take: groups,
      },
    ],
    words: ({ host, changed }) => ({
      title: `The SSH host key of ${host ?? 'the Git host'} ${changed === true ? 'has changed' : 'is not known'}`,
      explanation:
        changed === true
          ? 'Either the host got a new key, or somebody stands between you and it.'
          : 'ssh talks to no host whose key it can’t check.',
      fix: `Compare the key of ${host ?? 'the host'} with what its operator publishes, and only then let the farm take the new one: \`switchyard source forget-host ${host ?? 'HOST'}\`.`,
    }),
  },
  {
    cause: 'source_unreachable',
    fault: 'transient',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      {
        hints: ['returned error: 4', 'returned error: 5'],
        regex: /unable to access '(?<repository>[^']+?)\/?': The requested URL returned error: (?<status>429|5\d\d)/,
        weight: 90,
        take: groups,
      },
      {
        hints: ['failed to connect to', 'could not resolve host'],
        regex:
          /(?:unable to access '(?<repository>[^']+?)\/?': )?(?:Failed to connect to (?<host>\S+) port (?<port>\d+)|Could not resolve host: (?<name>\S+))/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['could not resolve hostname'],
        regex: /ssh: Could not resolve hostname (?<host>[^\s:]+)/,
        weight: 88,
        take: groups,
      },
      {
        hints: ['connect to host'],
        regex: /ssh: connect to host (?<host>\S+) port (?<port>\d+): (?<reason>.+)/,
        weight: 86,
        take: groups,
      },
      {
        hints: ['the remote end hung up', 'early eof', 'rpc failed', 'operation timed out'],
        regex: /(?:the remote end hung up unexpectedly|early EOF|RPC failed; (?<reason>.{0,120})|Operation timed out)/,
        weight: 70,
        take: groups,
      },
    ],
    words: ({ repository, host, name, port, status, reason }) => ({
      title: `${repository ?? name ?? `${host ?? 'The Git host'}${phrase(':', port)}`} could not be reached${phrase(' (', status, ')')}`,
      explanation:
        status === '429'
          ? 'The Git host limits how often it is asked.'
          : `The connection failed or broke off${phrase(': ', reason)}.`,
      fix: 'It is tried again by itself. If it stays: check DNS and firewall on the way to the Git host, and its status page.',
    }),
  },
];
