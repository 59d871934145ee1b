import { cutText } from './cut-text.ts';
import { LIMITS } from './limits.ts';

/**
 * The catalogue of errors. Codes are public: people and programs match on them, so a code is never renamed. `fault` says whose move it
 * is: `user` (change something and deploy again), `platform` (the operators'), `transient` (trying again can help).
 */
export type Fault = 'user' | 'platform' | 'transient';

interface ErrorEntry {
  readonly fault: Fault;
  /** HTTP status where the error answers a request. */
  readonly status: number;
  /** Short and constant; the detail of the single case goes into the message. */
  readonly title: string;
}

export const ERRORS = {
  // Requests
  unauthenticated: { fault: 'user', status: 401, title: 'A valid token is needed' },
  'signature-invalid': { fault: 'user', status: 401, title: 'The webhook’s signature is not valid' },
  forbidden: { fault: 'user', status: 403, title: 'This token may not do that' },
  'invalid-input': { fault: 'user', status: 400, title: 'The request is not valid' },
  'body-too-large': { fault: 'user', status: 413, title: 'The request body is too large' },
  'unsupported-media-type': { fault: 'user', status: 415, title: 'The request body is of another type' },
  'precondition-required': { fault: 'user', status: 428, title: 'The request must say which version it changes' },
  'precondition-failed': { fault: 'user', status: 412, title: 'It was changed meanwhile' },
  'idempotency-key-reused': { fault: 'user', status: 422, title: 'The Idempotency-Key belongs to another request' },
  'request-in-progress': { fault: 'transient', status: 409, title: 'The same request is being answered' },
  'route-not-found': { fault: 'user', status: 404, title: 'There is no such route' },
  'method-not-allowed': { fault: 'user', status: 405, title: 'The method is not allowed here' },
  'app-not-found': { fault: 'user', status: 404, title: 'There is no such app' },
  'deployment-not-found': { fault: 'user', status: 404, title: 'There is no such deployment' },
  'process-not-found': { fault: 'user', status: 404, title: 'There is no such process' },
  'environment-not-found': { fault: 'user', status: 404, title: 'There is no such environment' },
  'team-not-found': { fault: 'user', status: 404, title: 'There is no such team' },
  'team-exists': { fault: 'user', status: 409, title: 'A team of this name exists' },
  'team-in-use': { fault: 'user', status: 409, title: 'The team can’t be removed' },
  'too-many-teams': { fault: 'user', status: 409, title: 'The farm has as many teams as it may have' },
  'app-exists': { fault: 'user', status: 409, title: 'An app of this name exists' },
  'app-being-deleted': { fault: 'user', status: 409, title: 'The app is being deleted' },
  'too-many-apps': { fault: 'user', status: 409, title: 'The farm has as many apps as it may have' },
  'variable-not-found': { fault: 'user', status: 404, title: 'There is no such variable' },
  'too-many-variables': { fault: 'user', status: 409, title: 'The app has as many variables as it may have' },
  'host-not-allowed': { fault: 'user', status: 400, title: 'This host can’t be an app’s' },
  'host-taken': { fault: 'user', status: 409, title: 'The host belongs to another app' },
  'domain-not-found': { fault: 'user', status: 404, title: 'The app has no such host' },
  'domain-not-verified': { fault: 'user', status: 409, title: 'Nothing that proves the host was found' },
  'too-many-domains': { fault: 'user', status: 409, title: 'The app has as many hosts as it may have' },
  'dns-unavailable': { fault: 'transient', status: 503, title: 'The DNS did not answer' },
  'source-credential-not-found': { fault: 'user', status: 404, title: 'The app has no source credential' },
  'known-host-not-found': { fault: 'user', status: 404, title: 'There is no such known SSH host' },
  'too-many-known-hosts': { fault: 'user', status: 409, title: 'The farm knows as many SSH hosts as it may' },
  'source-credential-unfit': {
    fault: 'user',
    status: 409,
    title: 'This credential does not fit the repository’s address',
  },
  'repository-not-allowed': { fault: 'user', status: 400, title: 'This kind of repository address is not allowed' },
  'no-repository': { fault: 'user', status: 409, title: 'The app has no repository' },
  'upload-not-found': { fault: 'user', status: 404, title: 'There is no such upload' },
  'upload-refused': { fault: 'user', status: 422, title: 'The archive can’t be deployed' },
  'upload-incomplete': { fault: 'user', status: 400, title: 'The upload ended before it was complete' },
  'too-many-uploads': { fault: 'user', status: 429, title: 'Too many uploads at once' },
  'deployment-finished': { fault: 'user', status: 409, title: 'The deployment has ended' },
  'deployment-not-finished': { fault: 'user', status: 409, title: 'The deployment has not ended' },
  'nothing-to-retry': { fault: 'user', status: 409, title: 'There is nothing to try again' },
  'deployment-outdated': { fault: 'user', status: 409, title: 'A newer deployment has come after it' },
  'nothing-to-force': { fault: 'user', status: 409, title: 'No migration of the deployment runs' },
  'deployment-switched': { fault: 'user', status: 409, title: 'The deployment is live; roll back instead' },
  'nothing-to-roll-back-to': { fault: 'user', status: 409, title: 'There is no earlier release to go back to' },
  'nothing-live': { fault: 'user', status: 409, title: 'The app has no live release' },
  'app-stopped': { fault: 'user', status: 409, title: 'The app is stopped' },
  'not-stopped': { fault: 'user', status: 409, title: 'The app is not stopped' },
  'release-not-kept': { fault: 'user', status: 409, title: 'That release is not kept any more' },
  'too-many-pins': { fault: 'user', status: 409, title: 'The app has as many pinned releases as it may have' },
  'too-many-deployments': { fault: 'user', status: 429, title: 'Too many unfinished deployments' },
  unavailable: { fault: 'transient', status: 503, title: 'Switchyard cannot take this right now' },
  internal: { fault: 'platform', status: 500, title: 'Something went wrong on our side' },

  // The chain
  'lease-lost': { fault: 'transient', status: 500, title: 'Another worker has taken the stage over' },
  'worker-lost': { fault: 'platform', status: 500, title: 'Workers were lost repeatedly in this stage' },
  'worker-stopping': { fault: 'transient', status: 500, title: 'The worker is stopping' },
  'stage-cancelled': { fault: 'user', status: 500, title: 'The deployment was cancelled' },
  'stage-timed-out': { fault: 'user', status: 500, title: 'The stage took longer than its limit' },
  'gate-lost': { fault: 'transient', status: 500, title: 'The environment’s gate is held by another deployment' },
  superseded: { fault: 'user', status: 500, title: 'A newer deployment took its place' },

  // Stages
  'source-unreachable': { fault: 'transient', status: 500, title: 'The repository could not be reached' },
  'source-denied': { fault: 'user', status: 500, title: 'The repository refused access' },
  'source-credential-rejected': { fault: 'user', status: 500, title: 'The repository’s host rejected the credential' },
  'source-credential-unreadable': {
    fault: 'platform',
    status: 500,
    title: 'The repository’s credential can’t be opened with this secret key',
  },
  'source-host-key-changed': { fault: 'user', status: 500, title: 'The SSH host key of the Git host has changed' },
  'source-tls-untrusted': { fault: 'platform', status: 500, title: 'The certificate of the Git host is not trusted' },
  'source-address-refused': { fault: 'user', status: 500, title: 'The repository leads to a private address' },
  'source-too-large': { fault: 'user', status: 500, title: 'The repository is larger than its limit' },
  'repository-empty': { fault: 'user', status: 500, title: 'The repository has no commits yet' },
  'submodule-refused': { fault: 'user', status: 500, title: 'A submodule can’t be fetched' },
  'lfs-object-missing': { fault: 'user', status: 500, title: 'A file of Git LFS can’t be fetched' },
  'ref-not-found': { fault: 'user', status: 500, title: 'The branch, tag or commit does not exist' },
  'nothing-to-run': { fault: 'user', status: 500, title: 'It is not clear how to run this repository' },
  'invalid-settings': { fault: 'user', status: 500, title: 'switchyard.json is not valid' },
  'repository-file-invalid': { fault: 'user', status: 500, title: 'A file of the repository is not valid' },
  'variables-missing': { fault: 'user', status: 500, title: 'Required variables are not set' },
  'toolchain-unavailable': {
    fault: 'transient',
    status: 500,
    title: 'A runtime or package manager could not be fetched',
  },
  'command-failed': { fault: 'user', status: 500, title: 'A command failed' },
  'migration-outcome-unknown': { fault: 'platform', status: 500, title: 'It is not known whether the migration ran' },
  unhealthy: { fault: 'user', status: 500, title: 'The new version did not become healthy' },
  'endpoints-not-ready': { fault: 'transient', status: 500, title: 'The new instances are not ready to take traffic' },
  'no-router': { fault: 'transient', status: 500, title: 'No router is alive to take the new route' },
  'variables-unreadable': {
    fault: 'platform',
    status: 500,
    title: 'The app’s variables can’t be opened with this secret key',
  },
  'snapshot-missing': { fault: 'platform', status: 500, title: 'A file tree that an earlier stage made is gone' },
  'disk-full': { fault: 'transient', status: 500, title: 'The disk is full' },
  'engine-unavailable': { fault: 'transient', status: 500, title: 'The container engine does not answer' },
  'engine-refused': { fault: 'platform', status: 500, title: 'The container engine refused an operation' },

  // Starting up
  'config-invalid': { fault: 'platform', status: 500, title: 'The configuration is not valid' },
  'redis-unusable': { fault: 'platform', status: 500, title: 'This Redis cannot be used' },
  'redis-unavailable': { fault: 'transient', status: 503, title: 'Redis does not answer' },
  'record-unreadable': { fault: 'platform', status: 500, title: 'A record in Redis is not readable' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** An error of the catalogue. `message` says what happened in this case and what to do; it never holds a secret. */
export class SwitchyardError extends Error {
  readonly code: ErrorCode;
  /** Values that belong to the case: names, limits, paths of fields. Shown to the user as they are. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(cutText(message, LIMITS.maxErrorMessageBytes), cause === undefined ? undefined : { cause });
    this.name = 'SwitchyardError';
    this.code = code;
    this.details = details;
  }

  get fault(): Fault {
    return ERRORS[this.code].fault;
  }
}
