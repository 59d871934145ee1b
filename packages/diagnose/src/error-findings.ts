import { ERRORS, type ErrorCode, type Fault, isErrorCode } from '@switchyard/domain';
import { detailsOf } from './details-of.ts';
import type { Failure } from './failure.ts';
import { findingOfHealth } from './health-findings.ts';
import type { Output } from './output.ts';
import type { Finding } from './rule.ts';
import { lastLines, tellingLines } from './unknown.ts';

interface Entry {
  readonly cause: string;
  readonly fix: string;
  /** Above what output says where the error itself is the cause; below where output knows more. */
  readonly score: number;
}

/** What the platform's own errors mean to the person who deploys. Codes that are not here speak for themselves. */
const ENTRIES: Partial<Record<ErrorCode, Entry>> = {
  'source-unreachable': {
    cause: 'source_unreachable',
    score: 60,
    fix: 'Nothing has to be changed when it was the network. If it stays: check the address, DNS and firewall on the way to the Git host, and its status page.',
  },
  'source-denied': {
    cause: 'source_auth_failed',
    score: 60,
    fix: 'Give Switchyard a token or deploy key with read access to this repository, or make the repository public.',
  },
  'source-credential-rejected': {
    cause: 'source_credential_rejected',
    score: 95,
    fix: 'Make a new token with read access and set it with `switchyard source token APP -`; or enter the deploy key that `switchyard source show APP` prints at the host again.',
  },
  'source-credential-unreadable': {
    cause: 'source_credential_unreadable',
    score: 95,
    fix: 'Put back the file `secret-key` with which the credential was set, or set the credential again.',
  },
  'source-host-key-changed': {
    cause: 'source_ssh_host_key',
    score: 97,
    fix: 'Compare the new key with what the host’s operator publishes. Only if it is the same: `switchyard source forget-host HOST`, then deploy again.',
  },
  'source-tls-untrusted': {
    cause: 'source_tls_untrusted',
    score: 95,
    fix: 'Renew the host’s certificate, or name the authority that signed it in SWITCHYARD_EXTRA_CA_CERTS and restart the worker.',
  },
  'source-address-refused': {
    cause: 'source_address_refused',
    score: 97,
    fix: 'Use a repository on the public internet; or, if the host is yours, let the operator name it in SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES.',
  },
  'source-too-large': {
    cause: 'source_too_large',
    score: 95,
    fix: 'Take large files out of the repository’s history, or move them to Git LFS.',
  },
  'repository-empty': {
    cause: 'repository_empty',
    score: 95,
    fix: 'Push a first commit, then deploy again.',
  },
  'submodule-refused': {
    cause: 'submodule_refused',
    score: 95,
    fix: 'Correct .gitmodules: https or ssh addresses only, on the repository’s own host where they are private.',
  },
  'lfs-object-missing': {
    cause: 'lfs_object_missing',
    score: 95,
    fix: 'Push the file from a clone that has it: `git lfs push --all origin`.',
  },
  'ref-not-found': {
    cause: 'source_ref_not_found',
    score: 75,
    fix: 'Push the branch, tag or commit, or deploy one that exists: it was renamed, deleted, force-pushed away or never pushed.',
  },
  'upload-refused': {
    cause: 'upload_refused',
    score: 90,
    fix: 'Send a tar.gz of the folder’s content without what is named: `switchyard deploy .` packs it, and .switchyardignore leaves out more.',
  },
  'upload-not-found': {
    cause: 'upload_not_found',
    score: 90,
    fix: 'Send the folder again (`switchyard deploy .`): only the newest uploads of an app are kept.',
  },
  'repository-not-allowed': {
    cause: 'repository_not_allowed',
    score: 90,
    fix: 'Use an https:// or ssh address of a Git host.',
  },
  'nothing-to-run': {
    cause: 'nothing_to_run',
    score: 90,
    fix: 'Add a `start` script to package.json, or say in switchyard.json how the app is started or which directory is served.',
  },
  'invalid-settings': {
    cause: 'invalid_settings',
    score: 90,
    fix: 'Correct the file that is named, commit, and push.',
  },
  'repository-file-invalid': {
    cause: 'repository_file_invalid',
    score: 90,
    fix: 'Correct the file that is named, commit, and push.',
  },
  'variables-missing': {
    cause: 'variables_missing',
    score: 95,
    fix: 'Set what is missing with the command above, then deploy again.',
  },
  'toolchain-unavailable': {
    cause: 'runtime_version',
    score: 60,
    fix: 'Ask for a version that exists (`engines.node` or .nvmrc, `packageManager`), or see to it that this host reaches the package registry.',
  },
  'snapshot-missing': {
    cause: 'snapshot_missing',
    score: 85,
    fix: 'Deploy again: what is missing is made anew. If it happens again, see whether something else cleans up the data directory or the engine’s images.',
  },
  'disk-full': {
    cause: 'disk_full',
    score: 90,
    fix: 'Make room on the disk of the data directory (old releases, other programs’ caches, container images), or give it a larger one, then deploy again. `GET /v1/disks` says what is kept; docs/disk.md what goes by itself.',
  },
  'engine-unavailable': {
    cause: 'docker_unavailable',
    score: 85,
    fix: 'Start the container engine (`systemctl start docker`) and see that the worker may use its socket.',
  },
  'engine-refused': {
    cause: 'engine_refused',
    score: 70,
    fix: 'Read what the engine says; its own log (`journalctl -u docker`) has more.',
  },
  'stage-timed-out': {
    cause: 'stage_timeout',
    score: 80,
    fix: 'See in the log what it was doing at the end: a command that waits for input or watches files never ends by itself. Otherwise make it faster, or raise its limit (`timeLimitsMs` in switchyard.json, up to the most that the stage may take).',
  },
  'worker-lost': {
    cause: 'worker_lost',
    score: 85,
    fix: 'See why workers die on this host: out of memory, a restart, or the machine itself. Then deploy again.',
  },
  'migration-outcome-unknown': {
    cause: 'migration_outcome_unknown',
    score: 95,
    fix: 'Look into the database how far the migration came and repair it where it was changed by half; then lift the hold with the command above, and deploy again.',
  },
  'endpoints-not-ready': {
    cause: 'endpoints_not_ready',
    score: 80,
    fix: 'It is tried again. If it stays, see why the new instances stop answering after they were healthy: their output is in the log.',
  },
  'no-router': {
    cause: 'no_router',
    score: 90,
    fix: 'Start the router (`npm start`, or the router service of the compose file).',
  },
};

/** Codes that have a cause of their own. */
export const EXPLAINED_ERRORS: readonly ErrorCode[] = Object.keys(ERRORS)
  .filter(isErrorCode)
  .filter((code) => ENTRIES[code] !== undefined);

export function findingOfError(failure: Failure, output: Output): Finding | null {
  const { error } = failure;
  if (error === null || error.code === 'command-failed') return null;
  if (error.code === 'unhealthy') return findingOfHealth(failure, output);
  const entry = ENTRIES[error.code];
  const fault: Fault = error.fault;
  const file = error.details['file'];
  const manifest =
    error.code === 'repository-file-invalid' && typeof file === 'string' && file.endsWith('package.json');
  return {
    cause: manifest ? 'manifest_invalid' : (entry?.cause ?? error.code.replaceAll('-', '_')),
    fault,
    details: detailsOf(error.details),
    score: entry?.score ?? 55,
    title: manifest ? `${file} is not valid` : ERRORS[error.code].title,
    explanation: error.message,
    fix:
      entry?.fix ??
      (fault === 'transient'
        ? 'Nothing has to be changed; it is tried again by itself.'
        : 'Do what the message asks for, then deploy again.'),
    // What it was doing when time ran out stands at the end.
    evidence: error.code === 'stage-timed-out' ? lastLines(output) : tellingLines(output).slice(0, 3),
  };
}
