import { SwitchyardError } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { engineError, isConflict, isEngineGone, isMissing, withEngine } from './engine-errors.ts';

/** As dockerode throws it. */
const answered = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode, json: { message } });
const failed = (message: string, code: string) => Object.assign(new Error(message), { code });

const codeOf = (error: unknown) => {
  const mapped = engineError(error, 'a test');
  return mapped instanceof SwitchyardError ? mapped.code : null;
};

describe('what the engine says', () => {
  it.each([
    [failed('connect ENOENT /var/run/docker.sock', 'ENOENT'), 'engine-unavailable'],
    [failed('connect ECONNREFUSED /var/run/docker.sock', 'ECONNREFUSED'), 'engine-unavailable'],
    [failed('read ECONNRESET', 'ECONNRESET'), 'engine-unavailable'],
    [failed('socket hang up', 'ECONNRESET'), 'engine-unavailable'],
    [failed('connect EACCES /var/run/docker.sock', 'EACCES'), 'engine-refused'],
    [answered(500, 'write /var/lib/docker/tmp/docker-builder1/x: no space left on device'), 'disk-full'],
    [answered(500, 'Error processing tar file(exit status 1): write /app/x: no space left on device'), 'disk-full'],
    [answered(500, 'toomanyrequests: You have reached your pull rate limit.'), 'engine-unavailable'],
    [
      answered(500, 'Get "https://registry/v2/": dial tcp: lookup registry on 10.0.0.1:53: no such host'),
      'engine-unavailable',
    ],
    [answered(429, 'slow down'), 'engine-unavailable'],
    [answered(503, 'This node is not a swarm manager.'), 'engine-unavailable'],
    [answered(500, 'OCI runtime create failed: runc create failed'), 'engine-refused'],
    [answered(400, 'stopsignal is not a valid change command'), 'engine-refused'],
  ])('%s is %s', (error, code) => {
    expect(codeOf(error)).toBe(code);
  });

  it('is quoted without the frame of the client, with what to do', () => {
    const { message } = engineError(failed('connect ENOENT /var/run/docker.sock', 'ENOENT'), 'answering');
    expect(message).toContain('connect ENOENT /var/run/docker.sock');
    expect(message).toContain('Start the engine');
    expect(engineError(answered(500, 'OCI runtime'), 'starting').message).toBe(
      'The engine refused starting: OCI runtime.',
    );
  });

  it('leaves a fault of ours what it is, so that it is not taken for the engine’s and tried again', async () => {
    const fault = new TypeError('x is not a function');
    expect(engineError(fault, 'a test')).toBe(fault);
    expect(engineError(failed('ENOENT: no such file or directory, lstat', 'ENOENT'), 'a test')).not.toBeInstanceOf(
      SwitchyardError,
    );
    await expect(withEngine('a test', () => Promise.reject(fault))).rejects.toBe(fault);
  });

  it('leaves an abort what it is', async () => {
    const abort = new DOMException('This operation was aborted', 'AbortError');
    await expect(withEngine('a test', () => Promise.reject(abort))).rejects.toBe(abort);
  });
});

describe('answers that are no failure', () => {
  it('a path below a file is missing as much as an unknown container', () => {
    expect(isMissing(answered(404, 'No such container: x'))).toBe(true);
    expect(isMissing(answered(500, 'lstat /var/lib/docker/overlay2/x/merged/app/file/below: not a directory'))).toBe(
      true,
    );
    expect(isMissing(answered(500, 'something else'))).toBe(false);
  });

  it('an image that goes while images are listed is missing', () => {
    expect(isMissing(answered(500, 'unrecognized image ID sha256:114d7c88eb10'))).toBe(true);
  });

  it('a name in use is a conflict', () => {
    expect(isConflict(answered(409, 'Conflict. The container name "/x" is already in use by container "y".'))).toBe(
      true,
    );
  });

  it('an engine that is gone is told from one that failed', () => {
    expect(isEngineGone(failed('connect ENOENT /var/run/docker.sock', 'ENOENT'))).toBe(true);
    expect(isEngineGone(answered(500, 'no such host'))).toBe(false);
  });
});
