import { type ErrorCode, SwitchyardError } from '@switchyard/domain';
import { type Remote, shownAddress } from './address.ts';

/**
 * Git tells what went wrong in words only. All words that we act on are here, as Git 2.39 to 2.51 and the hosts print them.
 */
const CAUSES: readonly (readonly [code: ErrorCode, says: RegExp])[] = [
  // fatal: couldn't find remote ref refs/heads/nope
  ['ref-not-found', /couldn't find remote ref/i],
  // error: Server does not allow request for unadvertised object 0123…
  ['ref-not-found', /does not allow request for unadvertised object/i],
  // fatal: remote error: upload-pack: not our ref 0123…
  ['ref-not-found', /upload-pack: not our ref/i],
  // fatal: error in object / fatal: bad object 0123…
  ['ref-not-found', /bad object|not a valid object name|unknown revision/i],
  // write error: No space left on device
  ['disk-full', /No space left on device|Disk quota exceeded/i],
  // error: unable to write file src/a.ts (a checkout does not say why it can't, and writes nowhere but to our disk)
  ['disk-full', /^error: unable to write file /m],
  // fatal: unable to write new index file
  ['disk-full', /^fatal: unable to write new index file/m],
  // remote: Repository not found. / fatal: repository 'https://…/' not found (GitHub says so for private ones, too)
  ['source-denied', /repository .*not found|Repository not found|The project you were looking for could not be found/i],
  // fatal: '/tmp/x' does not appear to be a git repository
  ['source-denied', /does not appear to be a git repository|not a git repository/i],
  // fatal: could not read Username for 'https://github.com': terminal prompts disabled
  ['source-denied', /could not read (?:Username|Password)|terminal prompts disabled/i],
  // fatal: Authentication failed for 'https://…' / remote: HTTP Basic: Access denied
  ['source-denied', /Authentication failed|Access denied|Invalid username or (?:password|token)/i],
  // fatal: unable to access 'https://…/': The requested URL returned error: 403
  ['source-denied', /returned error: (?:401|403|404)/i],
  // git@github.com: Permission denied (publickey). / Host key verification failed.
  ['source-denied', /Permission denied|Host key verification failed/i],
  // fatal: detected dubious ownership in repository at '…'
  ['source-denied', /detected dubious ownership/i],
  // fatal: unable to access '…': server certificate verification failed. / SSL certificate problem: self-signed certificate
  // SSL: no alternative certificate subject name matches target host name '…' / SSL: certificate subject name (a) does not match target host name 'b'
  [
    'source-tls-untrusted',
    /certificate (?:verification failed|problem|subject name)|SSL certificate|unable to get local issuer/i,
  ],
  // fatal: transport 'ext' not allowed
  ['repository-not-allowed', /transport '.*' not allowed/i],
  // fatal: unable to access '…': Could not resolve host / Failed to connect / Operation too slow / SSL …
  [
    'source-unreachable',
    /unable to access|Could not resolve host|Failed to connect|Connection (?:refused|reset|timed out|closed)/i,
  ],
  [
    'source-unreachable',
    /early EOF|unexpected disconnect|the remote end hung up|RPC failed|Operation too slow|timed out/i,
  ],
];

const ADVICE: Partial<Record<ErrorCode, string>> = {
  'ref-not-found': 'Check that the branch, tag or commit exists there.',
  'source-tls-untrusted':
    'Its certificate is not signed by an authority that this host trusts, is expired, or is made out to another name. The operator can name a file with further authorities in SWITCHYARD_EXTRA_CA_CERTS.',
  'source-unreachable': 'Check the address, and that this host reaches it.',
  'repository-not-allowed': 'Give an https:// or ssh:// address.',
  'disk-full': 'Free some space in the data directory.',
};

/** Removes what stands between `//` and `@` of addresses. */
export function maskAddresses(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@'"]*@/gi, '$1***@');
}

/** Access was refused: why depends on what was shown. */
function denied(remote: Remote | null, stderr: string): { code: ErrorCode; advice: string } {
  const credential = remote?.credential ?? null;
  const kind = remote?.address.kind;
  if (credential === null) {
    const how =
      kind === 'http'
        ? 'If it is private, give Switchyard a token: `switchyard source token APP -`.'
        : kind === 'ssh'
          ? 'Give Switchyard a deploy key: `switchyard source deploy-key APP`.'
          : '';
    return { code: 'source-denied', advice: `It does not exist, or it is private. ${how}`.trim() };
  }
  // Forges that do not know a token say so; "not found" means that they know it, and it may not see the repository.
  if (/not found|returned error: (?:403|404)|could not be found/i.test(stderr)) {
    return {
      code: 'source-denied',
      advice:
        'It does not exist any more, or the credential may not read it: check the address, and what the credential is allowed.',
    };
  }
  return {
    code: 'source-credential-rejected',
    advice:
      credential.kind === 'token'
        ? 'The token is wrong, expired or withdrawn. Make a new one, and set it with `switchyard source token APP -`.'
        : 'The deploy key is not entered at the host, or was removed there. `switchyard source show APP` prints its public half.',
  };
}

/** Which of the causes Git's words mean; something unknown may be passing. */
export function gitFailure(stderr: string, remote: Remote | null): SwitchyardError {
  const repository = remote === null ? 'The mirror' : shownAddress(remote.address);
  const found = CAUSES.find(([, says]) => says.test(stderr))?.[0] ?? 'source-unreachable';
  const { code, advice } =
    found === 'source-denied' ? denied(remote, stderr) : { code: found, advice: ADVICE[found] ?? '' };
  const lines = maskAddresses(stderr)
    .split('\n')
    .filter((line) => /^(?:fatal|error|remote|ssh|git@|.*denied|.*failed)/i.test(line.trim()))
    .slice(-3);
  const said = lines.length === 0 ? maskAddresses(stderr).trim().slice(-300) : lines.join(' ');
  return new SwitchyardError(code, `${repository}: ${said || 'Git gave no reason'}. ${advice}`.trim(), { repository });
}
