import { groups, phrase, type Rule, sign, withNear } from '../rule.ts';

const REPOSITORY_ABOVE: readonly [RegExp, number] = [
  /'(?<repository>(?:https?|ssh):\/\/[^']+)'|\s(?<address>https?:\/\/\S+\.git)\b/,
  -20,
];
const REPOSITORY_BELOW: readonly [RegExp, number] = [
  /(?:repository|access|for|clone of) '(?<repository>(?:https?:\/\/|ssh:\/\/|git@)[^']+?)\/?'/,
  4,
];

export const source: readonly Rule[] = [
  {
    cause: 'source_auth_failed',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      sign(
        ['returned error: 401', 'returned error: 403', 'returned error: 407'],
        /unable to access '(?<repository>[^']+?)\/?': The requested URL returned error: (?<status>40[137])/,
        92,
      ),
      sign('authentication failed for', /Authentication failed for '(?<repository>[^']+?)\/?'/, 92),
      sign(
        ['could not read username', 'could not read password'],
        /could not read (?:Username|Password) for '(?<host>[^']+)'/,
        90,
        withNear(REPOSITORY_ABOVE),
      ),
      sign(
        ['access denied', 'invalid username or', 'invalid credentials', 'password authentication', 'bad credentials'],
        /^(?:fatal: |remote: )*(?:HTTP Basic: Access denied|Invalid username or (?:password|token)|Invalid credentials|Support for password authentication was removed|Password authentication is not supported|Bad credentials)/i,
        88,
        withNear(REPOSITORY_BELOW, REPOSITORY_ABOVE),
      ),
      sign('permission to', /Permission to (?<repository>\S+?)(?:\.git)? denied to (?<identity>[^.\s][^.]*)/, 92),
      sign(
        ['not allowed to download code', 'write access to repository not granted', 'insufficient permission'],
        /(?:not allowed to (?:download|access)|Write access to repository not granted)/,
        84,
        withNear(REPOSITORY_BELOW, REPOSITORY_ABOVE),
      ),
      sign(
        ['permission denied (publickey', 'permission denied (password', 'permission denied (keyboard'],
        /(?:(?<identity>[\w.-]{1,64}@[\w.-]{1,253}): )?Permission denied \((?:publickey|password|keyboard)[^)]*\)/,
        85,
        withNear([/(?:Cloning|clone|fetch) \S*?(?<repository>(?:ssh:\/\/|\w+@)[\w.-]+[:/]\S+?)['.]*$/, -12]),
      ),
      sign('are too open', /Permissions (?<mode>\d+) for '(?<keyFile>[^']+)' are too open/, 92),
      sign(
        ['load key "', 'identity file'],
        /Load key "(?<keyFile>[^"]+)": (?<reason>invalid format|error in libcrypto|No such file or directory|Permission denied|bad permissions)|Identity file (?<file>\S+) not accessible/,
        90,
      ),
      sign(
        'too many authentication failures',
        /Too many authentication failures/,
        86,
        withNear([/(?<identity>\w+@[\w.-]+)/, -4]),
      ),
      sign('no mutual signature', /no mutual signature (?:algorithm|supported)/, 84),
      sign(
        ['returned error: 401', 'returned error: 403', ': 401', ': 403', '401 unauthorized', '403 forbidden'],
        /curl: \(22\) The requested URL returned error: (?<status>40[13])|ERROR (?<code>40[13]): (?:Unauthorized|Forbidden)/,
        84,
        withNear([/(?<repository>https?:\/\/[^\s'"]+)/, -10]),
      ),
      sign(
        [
          'not in gzip format',
          'does not look like a tar archive',
          'unrecognized archive format',
          'end-of-central-directory signature not found',
        ],
        /not in gzip format|does not look like a tar archive|Unrecognized archive format|End-of-central-directory signature not found/,
        78,
        withNear([/(?<repository>https?:\/\/[^\s'"]+)/, -20], [/(?<archive>[\w./-]+\.(?:tar\.gz|tgz|zip))/, -10]),
      ),
      sign('could not read from remote repository', /Could not read from remote repository/, 40),
    ],
    words: ({ repository, address, host, identity, keyFile, file, status, archive, reason }) => ({
      title:
        archive !== undefined && repository === undefined
          ? `${archive} is no archive`
          : `The Git host refused access to ${repository ?? address ?? host ?? identity ?? 'the repository'}`,
      explanation:
        keyFile !== undefined || file !== undefined
          ? `The key file ${keyFile ?? file} can’t be used${phrase(': ', reason)}. A key that others may read, or that is not in the form of a private key, is left out by ssh.`
          : status === '403'
            ? 'The credential was accepted, and is not allowed to read this repository.'
            : 'No credential was given, or it was rejected: expired, withdrawn, or for another repository. Some hosts send a login page instead.',
      fix:
        keyFile !== undefined && reason === undefined
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
      sign(
        ['not found in upstream', 'could not find remote branch'],
        /(?:Remote branch (?<ref>\S+) not found in upstream|Could not find remote branch (?<branch>\S+) to clone)/,
        92,
      ),
      sign("couldn't find remote ref", /couldn't find remote ref (?<ref>\S+)/i, 92),
      sign('no such remote ref', /no such remote ref (?<ref>\S+)/i, 92),
      sign('did not match any', /(?:pathspec|path) '(?<ref>[^']+)' did not match any file\(s\)(?: known to git)?/, 90),
      sign('did not match', /pathspec '(?<ref>[^']+)' did not match/, 88),
      sign('src refspec', /src refspec (?<ref>\S+) does not match any/, 90),
      sign('not our ref', /not our ref (?<ref>[0-9a-f]+)/, 90),
      sign('unadvertised object', /does not allow request for unadvertised object (?<ref>[0-9a-f]+)/, 90),
      sign('is not a tree', /reference is not a tree: (?<ref>\S+)/, 90),
      sign('is not a commit', /'(?<ref>[^']+)' is not a commit/, 90),
      sign('invalid reference', /invalid reference: (?<ref>\S+)/, 88),
      sign(
        ['not a valid object name', 'bad object', 'ambiguous argument', 'bad revision', 'invalid object name'],
        /(?:Not a valid object name:?|bad object|ambiguous argument|bad revision|invalid object name) '?(?<ref>[^'\s:.]+)/i,
        80,
      ),
      sign('could not parse object', /Could not parse object '(?<ref>[^']+)'/, 88),
      sign(
        ['cloned an empty repository', 'does not have any commits yet', 'remote head refers to nonexistent ref'],
        /appear to have cloned an (?<ref>empty repository)|your current branch '(?<branch>[^']+)' does not have any commits|remote HEAD refers to (?<head>nonexistent ref)/,
        72,
        groups,
        { warns: true },
      ),
      sign(
        "couldn't find any revision to build",
        /Couldn't find any revision to build|unable to find ref (?<ref>\S+)/i,
        86,
      ),
    ],
    words: ({ ref, branch, head }) => ({
      title:
        ref === 'empty repository'
          ? 'The repository is empty (cloned an empty repository)'
          : `${ref ?? branch ?? head ?? 'The branch, tag or commit'} is not in the repository`,
      explanation: 'It was renamed, deleted, force-pushed away, or never pushed.',
      fix: `Push ${ref ?? branch ?? 'it'}, or deploy a branch, tag or commit that exists.`,
    }),
  },
  {
    cause: 'source_repo_not_found',
    fault: 'user',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      sign('repository', /repository '(?<repository>[^']+?)\/?' not found/i, 91),
      sign(
        ['repository not found', 'could not be found', 'project not found', 'not found'],
        /^(?:ERROR: |fatal: |remote: )*(?:Repository not found|The project you were looking for could not be found|Project not found|Could not find repository|Not Found\.?$)/i,
        90,
        withNear(REPOSITORY_BELOW, REPOSITORY_ABOVE),
      ),
      sign(
        ['returned error: 404', 'returned error: 410'],
        /(?:unable to access '(?<repository>[^']+?)\/?': )?The requested URL returned error: (?<status>404|410)/,
        88,
      ),
      sign(
        ['does not appear to be a git repository', 'does not exist'],
        /(?:^|\s)repository '(?<repository>[^']+)' does not exist|'(?<path>[^']+)' does not appear to be a git repository/,
        88,
      ),
    ],
    words: ({ repository, address, path }) => ({
      title: `${repository ?? address ?? path ?? 'The repository'} does not exist, or may not be seen`,
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
      sign(
        'remote host identification has changed',
        /REMOTE HOST IDENTIFICATION HAS CHANGED/,
        95,
        (match, { search }) => ({
          changed: true,
          ...groups(search(/Host key for (?<host>\S+) has changed/, 20) ?? search(/-R "(?<host>[^"]+)"/, 20)),
          ...groups(match),
        }),
        { warns: true },
      ),
      sign(
        ['host key verification failed', 'host key is known for', "authenticity of host '"],
        /Host key verification failed|No \S+ host key is known for (?<host>\S+)|authenticity of host '(?<address>[^\s']+)/,
        88,
        withNear(
          [/(?:No \S+ host key is known for|authenticity of host ')\s*(?<host>[^\s']+)/, -8],
          [/\w+@(?<host>[\w.-]+):/, -20],
        ),
      ),
    ],
    words: ({ host, address, changed }) => ({
      title: `The SSH host key of ${host ?? address ?? 'the Git host'} ${changed === true ? 'has changed' : 'is not known'}`,
      explanation:
        changed === true
          ? 'Either the host got a new key, or somebody stands between you and it.'
          : 'ssh talks to no host whose key it can’t check (Host key verification failed).',
      fix: `Compare the key of ${host ?? address ?? 'the host'} with what its operator publishes, and only then let the farm take the new one: \`switchyard source forget-host ${host ?? address ?? 'HOST'}\`.`,
    }),
  },
  {
    cause: 'source_unreachable',
    fault: 'transient',
    stages: ['source'],
    onlyThere: true,
    patterns: [
      sign(
        ['returned error: 4', 'returned error: 5'],
        /unable to access '(?<repository>[^']+?)\/?': The requested URL returned error: (?<status>408|429|5\d\d)/,
        90,
      ),
      sign(
        ['failed to connect to', 'could not resolve host', 'could not resolve proxy', "couldn't connect to server"],
        /(?:unable to access '(?<repository>[^']+?)\/?': )?(?:Failed to connect to (?<host>\S+) port (?<port>\d+)|Could not resolve (?:host|proxy): (?<name>[^\s;]+))/,
        88,
        (match) => {
          const { host, port } = match.groups ?? {};
          return { ...groups(match), ...(host === undefined ? {} : { address: `${host}:${port}` }) };
        },
      ),
      sign('could not resolve hostname', /ssh: Could not resolve hostname (?<host>[^\s:]+)/, 88),
      sign('connect to host', /ssh: connect to host (?<host>\S+) port (?<port>\d+): (?<reason>.+)/, 86, (match) => ({
        ...groups(match),
        address: `${match.groups?.['host']}:${match.groups?.['port']}`,
      })),
      sign(
        ['unable to access'],
        /unable to access '(?<repository>[^']+?)\/?': (?<reason>.*(?:timed out|[Cc]onnection (?:reset|was reset|refused)|Empty reply|SSL_ERROR_SYSCALL|gnutls_handshake\(\) failed|non-properly terminated|Recv failure|SSL_connect|HTTP\/2|TLS connect error|Network is unreachable|No route to host).*)/,
        88,
      ),
      sign(
        [
          'the remote end hung up',
          'early eof',
          'rpc failed',
          'operation timed out',
          'unexpected disconnect',
          'kex_exchange_identification',
          'connection closed by',
          'connection reset by',
          'unable to connect to',
        ],
        /(?:RPC failed; (?<reason>.{0,120})|unexpected disconnect while reading sideband packet|the remote end hung up unexpectedly|early EOF|Operation timed out|kex_exchange_identification: (?<kex>.{0,80})|[Cc]onnection (?:closed|reset) by (?<peer>[\w.:-]+)|unable to connect to (?<host>[\w.-]+))/,
        72,
        withNear(REPOSITORY_ABOVE, [
          /(?:Cloning|clone|Fetching|from) \S*?(?<repository>(?:https?|ssh|git):\/\/[^\s']+)/,
          -20,
        ]),
      ),
      sign(
        ['curl: (6)', 'curl: (7)', 'curl: (28)', 'curl: (35)', 'curl: (52)', 'curl: (56)', 'curl: (18)'],
        /curl: \((?:6|7|18|28|35|52|56)\) (?<reason>.+)/,
        80,
        withNear([/(?<repository>https?:\/\/[^\s'"]+)/, -8]),
      ),
    ],
    words: ({ repository, host, name, port, address, status, reason, peer, kex }) => ({
      title: `${repository ?? name ?? address ?? host ?? peer ?? 'The Git host'} could not be reached${phrase(' (', status, ')')}`,
      explanation:
        status === '429'
          ? 'The Git host limits how often it is asked.'
          : `The connection ${phrase('to ', address ?? (host === undefined ? undefined : `${host}${phrase(':', port)}`), ' ')}failed or broke off${phrase(': ', reason ?? kex)}.`,
      fix: 'It is tried again by itself. If it stays: check DNS and firewall on the way to the Git host, and its status page.',
    }),
  },
];
