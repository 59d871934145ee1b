import { ERRORS, type ErrorCode, SwitchyardError } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';
import type { Failure } from './failure.ts';

const failure = (values: Partial<Failure>): Failure => ({
  stage: 'build',
  exit: { code: 1, signal: null },
  output: '',
  error: null,
  command: 'npm run build',
  context: {},
  ...values,
});
const ofError = (code: ErrorCode, values: Partial<Failure> = {}, details: Record<string, unknown> = {}): Failure =>
  failure({
    exit: null,
    command: null,
    error: new SwitchyardError(code, `What happened: ${code}.`, details),
    ...values,
  });

describe('whose fault it is', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('of %s is what the catalogue says', (code) => {
    if (code === 'command-failed' || code === 'unhealthy') return;
    expect(classify(ofError(code)).fault).toBe(ERRORS[code].fault);
  });
  it('of an unknown command failure is the user’s', () => {
    expect(classify(failure({ output: 'what is this' }))).toMatchObject({ cause: 'unknown', fault: 'user' });
  });
  it('of something that is no command and no known error is ours', () => {
    expect(classify(failure({ exit: null, command: null })).fault).toBe('platform');
  });
  it('of a registry that does not answer is transient', () => {
    const output = 'npm error 503 Service Unavailable - GET https://registry.example.org/react';
    expect(classify(failure({ stage: 'install', output })).fault).toBe('transient');
  });
});

describe('the first cause', () => {
  it('wins over what follows from it', () => {
    const output = [
      '> shop@1.0.0 build',
      '> tsc && vite build',
      "src/a.ts(1,5): error TS2322: Type 'string' is not assignable to type 'number'.",
      "src/b.ts(7,5): error TS2345: Argument of type 'x' is not assignable.",
      'npm error Lifecycle script `build` failed with error:',
      'npm error code 2',
    ].join('\n');
    const found = classify(failure({ output }));
    expect(found).toMatchObject({ cause: 'type_error', details: { file: 'src/a.ts', errors: 2 } });
    expect(found.evidence).toEqual([
      { line: 3, text: "src/a.ts(1,5): error TS2322: Type 'string' is not assignable to type 'number'." },
    ]);
  });

  it('wins over a download that was tried before it', () => {
    const output = [
      'npm error path /srv/app/node_modules/better-sqlite3',
      'npm error prebuild-install warn install request to https://github.com/x failed, reason: getaddrinfo ENOTFOUND github.com',
      'npm error gyp ERR! stack Error: Could not find any Python installation to use',
    ].join('\n');
    expect(classify(failure({ stage: 'install', output })).cause).toBe('native_build_failed');
  });

  it('is read through colours, redraws, line ends and prefixes', () => {
    const output =
      'Progress 1%\rProgress 80%\r\u001b[31m#12 0.345 @acme/web:build: src/a.ts(1,5): error TS2322: no.\u001b[39m\r\n';
    expect(classify(failure({ output }))).toMatchObject({ cause: 'type_error', details: { file: 'src/a.ts' } });
  });
});

it('alarming words in the output of a command that succeeded mean nothing', () => {
  const output = 'Error: connect ECONNREFUSED 127.0.0.1:5432 (expected in this test)';
  expect(classify(failure({ stage: 'migrate', exit: { code: 0, signal: null }, output })).cause).toBe('unknown');
});

describe('what nobody recognises', () => {
  const output = [
    'step one',
    'Error: flux capacitor misaligned',
    '    at x (y.js:1:1)',
    'done with 0 errors',
    'bye',
  ].join('\n');
  it('is called so, with the lines that tell most', () => {
    const found = classify(failure({ output }));
    expect(found).toMatchObject({ cause: 'unknown', confidence: 0 });
    expect(found.evidence).toEqual([{ line: 2, text: 'Error: flux capacitor misaligned' }]);
    expect(found.explanation).toContain('`npm run build` exited with 1');
  });
  it('shows the last lines where none tells', () => {
    expect(classify(failure({ output: 'a\nb\nc\n' })).evidence.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });
});

describe('errors of the platform', () => {
  it('say what to do, with the values of the case', () => {
    const found = classify(
      ofError('ref-not-found', { stage: 'source' }, { ref: 'main', choices: ['a', 'b'], errors: [] }),
    );
    expect(found).toMatchObject({
      cause: 'source_ref_not_found',
      explanation: 'What happened: ref-not-found.',
      details: { ref: 'main', choices: 'a, b' },
    });
  });
  it('give way to output that knows better', () => {
    const output =
      'No ED25519 host key is known for git.acme.dev and you have requested strict checking.\nHost key verification failed.';
    const found = classify(ofError('source-denied', { stage: 'source', output }));
    expect(found).toMatchObject({ cause: 'source_ssh_host_key', details: { host: 'git.acme.dev' } });
  });
  it('show what a command was at when its time ran out', () => {
    const found = classify(
      ofError('stage-timed-out', { output: 'Error: ignored\nvite v8\nwatching for file changes...\n' }),
    );
    expect(found.cause).toBe('stage_timeout');
    expect(found.evidence.at(-1)).toEqual({ line: 3, text: 'watching for file changes...' });
  });
  it('name a broken manifest as such', () => {
    expect(classify(ofError('repository-file-invalid', {}, { file: 'web/package.json' })).cause).toBe(
      'manifest_invalid',
    );
  });
});

describe('an app that does not become healthy', () => {
  const unhealthy = (details: Record<string, unknown>, values: Partial<Failure> = {}) =>
    classify(ofError('unhealthy', { stage: 'health', ...values }, details));

  it.each([
    ['exited', { failure: 'exited', exit: 1 }, 'app_crash', 'The app crashed at start (exit 1)'],
    ['exited well', { failure: 'exited', exit: 0 }, 'app_exited_early', 'The app ended by itself instead of serving'],
    [
      'silent',
      { failure: 'nothing-listens', port: 4000 },
      'health_not_reachable',
      'The app runs, and listens on no port',
    ],
    [
      'elsewhere',
      { failure: 'wrong-port', port: 41233, listensOn: 8080 },
      'health_not_reachable',
      'The app listens on 8080, PORT is 41233',
    ],
    [
      'inward',
      { failure: 'loopback-only', listensOn: '127.0.0.1:3000' },
      'health_not_reachable',
      'The app listens on 127.0.0.1:3000 only',
    ],
    ['in error', { failure: 'error-status', path: '/up', status: 404 }, 'health_bad_status', '/up answered 404'],
    ['slow', { failure: 'too-slow', path: '/' }, 'health_timeout', '/ did not answer in time'],
    [
      'in another tongue',
      { failure: 'not-http', port: 4000 },
      'health_bad_status',
      'What answers on port 4000 is not HTTP',
    ],
    ['not there', { failure: 'not-started' }, 'app_not_started', 'The app could not be started'],
  ])('is told: %s', (_, details, cause, title) => {
    expect(unhealthy(details)).toMatchObject({ cause, title, fault: 'user' });
  });

  it('because of what its own output says', () => {
    const output = 'Error: SESSION_SECRET is not set\n    at Object.<anonymous> (/app/server.js:3:9)';
    expect(unhealthy({ failure: 'exited', exit: 1 }, { output })).toMatchObject({
      cause: 'env_var',
      details: { variable: 'SESSION_SECRET' },
    });
  });

  it('is told from what was observed, where the error holds no details', () => {
    const context: Failure['context'] = {
      port: 21_000,
      listening: [{ host: '0.0.0.0', port: 3000 }],
      health: { failure: 'wrong-port', path: '/', status: null, message: '', checkedAt: 0 },
    };
    expect(unhealthy({}, { context }).title).toBe('The app listens on 0.0.0.0:3000, PORT is 21000');
  });
});

describe('a command that was killed', () => {
  const seen = { peakMemoryBytes: 510 * 1024 ** 2, memoryLimitBytes: 512 * 1024 ** 2 };
  const sigkill = { code: null, signal: 'SIGKILL' };

  it('wanted more memory than its limit, and both are said, whatever else its output holds', () => {
    const output = 'Killed\nsrc/a.ts(1,1): error TS2304: Cannot find name x.';
    const found = classify(failure({ exit: sigkill, output, context: { memory: { ...seen, outOfMemory: true } } }));
    expect(found).toMatchObject({
      cause: 'out_of_memory',
      title: 'A process was killed at the memory limit of 512 MiB',
      details: { limitBytes: seen.memoryLimitBytes, peakBytes: seen.peakMemoryBytes },
    });
    expect(found.explanation).toContain('510 MiB');
    expect(found.fix).toContain('limits.build.memoryMiB');
  });

  it('in a child of which it died itself is told the same', () => {
    const exit = { code: 1, signal: null };
    const found = classify(failure({ exit, context: { memory: { ...seen, outOfMemory: true } } }));
    expect(found.cause).toBe('out_of_memory');
  });

  it('while its memory was watched and its limit not reached was killed by somebody else', () => {
    const found = classify(failure({ exit: sigkill, context: { memory: { ...seen, outOfMemory: false } } }));
    expect(found.cause).toBe('killed');
  });

  it('is told with less confidence where no limit is known', () => {
    const found = classify(failure({ exit: { code: 137, signal: null }, output: 'bundling…' }));
    expect(found.cause).toBe('out_of_memory');
    expect(found.confidence).toBeLessThan(0.5);
  });
});
