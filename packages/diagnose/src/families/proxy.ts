import { phrase, type Rule, sign, withNear } from '../rule.ts';

export const proxy: readonly Rule[] = [
  {
    cause: 'proxy_config_invalid',
    fault: 'user',
    stages: ['switch'],
    onlyThere: true,
    patterns: [
      sign(
        '[emerg]',
        /\[emerg\] .*?: (?<message>(?!.*(?:bind\(\)|SSL_|cannot load certificate|open\(\)|BIO_new_file)).+?) in (?<file>\S+:\d+)/,
        92,
      ),
      sign(
        'host not found in upstream',
        /host not found in upstream "(?<upstream>[^"]+)"(?: in (?<file>\S+:\d+))?/,
        95,
      ),
      sign(
        ['adapting config', 'caddyfile:'],
        /(?<file>[\w./-]*Caddyfile:\d+)(?: - Error during parsing)?:? (?<message>.+)/,
        93,
      ),
      sign(['parsing [', '[alert]', '[haproxy'], /(?:parsing \[(?<file>[^\]]+:\d+)\] ?: (?<message>.+))/, 92),
      sign(['syntax error on line', 'ah0'], /(?:AH\d+: )?Syntax error on line (?<line>\d+) of (?<file>\S+?):/, 92),
      sign(['configuration file', 'test failed'], /configuration file (?<file>\S+) test failed/, 60),
      sign(
        ['loading config', 'field not found', 'json: '],
        /Error: (?:loading|adapting|decoding|unmarshaling)[^:]*config[^:]*: (?<message>.+)/,
        70,
      ),
    ],
    words: ({ file, message, upstream, line }) => ({
      title: `The proxy’s configuration is not valid: ${file ?? upstream ?? ''}${phrase(':', line)}`.replace(/: $/, ''),
      explanation: `${upstream === undefined ? (message ?? 'Its test failed') : `The host ${upstream} of an upstream is not known`}. The old version still serves.`,
      fix: `Correct ${file ?? 'the configuration'}, test it (nginx -t, caddy validate, haproxy -c), and deploy again.`,
    }),
  },
  {
    cause: 'switch_verification_failed',
    fault: 'user',
    stages: ['switch'],
    onlyThere: true,
    patterns: [
      sign(
        ['post-switch', 'after switch', 'public check', 'verification failed', 'smoke test'],
        /(?:post-switch|after (?:the )?switch|public|smoke|verif\w+).*?(?:HTTP )?(?<status>[345]\d\d)\b/i,
        88,
        withNear([/upstream: "(?<upstream>[^"]+)"/, 20]),
      ),
      sign(
        'while connecting to upstream',
        /connect\(\) failed \((?<reason>[^)]+)\) while connecting to upstream.*upstream: "(?<upstream>[^"]+)"/,
        84,
      ),
      sign(
        ['while reading response header', 'upstream timed out'],
        /(?<reason>upstream (?:timed out|prematurely closed connection)).*upstream: "(?<upstream>[^"]+)"/,
        84,
      ),
      sign(
        ['502 bad gateway', '504 gateway', '503 service', '403 forbidden'],
        /(?<status>502|503|504|403) (?:Bad Gateway|Gateway Time-?out|Service (?:Temporarily )?Unavailable|Forbidden)/,
        80,
      ),
      sign(
        ['is forbidden (13', 'directory index of'],
        /(?:"(?<path>[^"]+)" is forbidden|directory index of "(?<directory>[^"]+)" is forbidden)/,
        84,
      ),
    ],
    words: ({ status, upstream, reason, path, directory }) => ({
      title: `After the switch visitors got ${status ?? reason ?? 'an error'}${phrase(' from ', upstream ?? path ?? directory)}`,
      explanation:
        'The proxy was moved to the new version, and the check from outside failed, so it was moved back: the old version serves.',
      fix: `See that the app answers at ${upstream ?? path ?? directory ?? 'the address that the proxy uses'}, then deploy again.`,
    }),
  },
  {
    cause: 'proxy_not_running',
    fault: 'platform',
    stages: ['switch'],
    onlyThere: true,
    patterns: [
      sign(
        ['sending configuration to instance', 'connection refused'],
        /Post "?https?:\/\/(?<address>[\w.]+:\d+)\/load"?: dial tcp .*connection refused/,
        93,
      ),
      sign(
        ['invalid pid number', 'nginx.pid', 'no such process'],
        /(?:invalid PID number "(?<pid>[^"]*)" in "(?<file>[^"]+)"|open\(\) "(?<path>[^"]+\.pid)" failed|kill\(\d*,? ?\d*\) failed \(3: No such process\))/,
        92,
      ),
      sign(
        ['is not active, cannot reload', 'could not be found', 'unit '],
        /(?<unit>[\w@.-]+\.service) is not active, cannot reload|Unit (?<name>\S+\.service) (?:not found|could not be found|not loaded)/,
        92,
      ),
    ],
    words: ({ address, file, path, unit, name }) => ({
      title: `The proxy does not run: ${address ?? unit ?? name ?? file ?? path ?? 'its process is gone'}`,
      explanation: 'It was asked to load a new configuration, and there is no process that could.',
      fix: 'Start it (`systemctl start nginx`, `caddy start`, `haproxy`), see in its log why it ended, and deploy again.',
    }),
  },
  {
    cause: 'tls_certificate',
    fault: 'user',
    stages: ['switch'],
    onlyThere: true,
    patterns: [
      sign(
        ['cannot load certificate', 'ssl_ctx_use', 'bio_new_file'],
        /(?:cannot load certificate(?: key)?|SSL_CTX_use\w+\(?|BIO_new_file\(?) ?"(?<path>[^"]+)"/,
        96,
      ),
      sign(
        ['unable to load ssl', 'loading certificates', 'no ssl certificate', 'unable to load certificate'],
        /(?:unable to load (?:SSL )?(?:certificate|private key)|loading (?:tls app module|certificates)).*?(?<path>\/[\w./-]+)/i,
        92,
      ),
      sign(
        ['key values mismatch', 'private key does not match'],
        /(?<reason>key values mismatch|private key does not match)/,
        86,
      ),
    ],
    words: ({ path, reason }) => ({
      title: `The TLS certificate can’t be used${phrase(': ', path ?? reason)}`,
      explanation: 'The file of the certificate or of its key is missing, broken, or they do not belong together.',
      fix: `Put a certificate with its own key at ${path ?? 'the place that is named'}, or renew it; then deploy again.`,
    }),
  },
  {
    cause: 'switch_target_conflict',
    fault: 'platform',
    stages: ['switch'],
    onlyThere: true,
    patterns: [
      sign('is already in use by container', /container name "(?<name>[^"]+)" is already in use/, 95),
      sign(
        ['cannot overwrite directory', 'is a directory', 'file exists', 'directory not empty', 'not a directory'],
        /(?:ln|mv): .*?['"‘](?<name>\/?[^'"’]+)['"’].*?(?:cannot overwrite|File exists|Is a directory|Directory not empty|Not a directory)|cannot overwrite (?:directory|non-directory) ['"‘](?<path>[^'"’]+)/,
        90,
      ),
      sign('port is already allocated', /Bind for (?<name>\S+) failed: port is already allocated/, 78),
    ],
    words: ({ name, path }) => ({
      title: `What is to be switched to is something else already: ${name ?? path ?? ''}`.replace(/: $/, ''),
      explanation: 'A container, directory or file of that name is in the way, and is not replaced by itself.',
      fix: `Look what ${name ?? path ?? 'it'} is; remove or rename it, then deploy again.`,
    }),
  },
  {
    cause: 'target_host_unreachable',
    fault: 'transient',
    stages: ['switch'],
    onlyThere: true,
    patterns: [
      sign(
        ['ssh: connect to host', 'could not resolve hostname'],
        /ssh: (?:connect to host (?<host>\S+) port (?<port>\d+): (?<reason>.+)|Could not resolve hostname (?<name>[^\s:]+))/,
        94,
      ),
      sign(
        ['connection timed out during banner', 'connection closed by remote host', 'unreachable'],
        /(?<reason>Connection timed out during banner exchange|kex_exchange_identification: .+)|(?<host>\S+) \| UNREACHABLE/,
        88,
      ),
    ],
    words: ({ host, name, reason }) => ({
      title: `The host ${host ?? name ?? ''} could not be reached`.replace('  ', ' '),
      explanation: `It was to be switched, and there was no connection${phrase(': ', reason)}. Others may have been switched already.`,
      fix: `It is tried again by itself. If it stays: does ${host ?? name ?? 'the host'} run, and is its port for SSH open for this host?`,
    }),
  },
];
