import { describe, expect, it } from 'vitest';
import { decideHealth, goesOn, pathsToProbe } from './health-decision.ts';

const answered = (status: number) => ({ kind: 'answered', status }) as const;

describe('with a path that is set', () => {
  it.each([200, 204, 301, 302])('%d is healthy', (status) => {
    expect(decideHealth('/up', '/up', answered(status))).toMatchObject({ healthy: true, status, path: '/up' });
  });

  it.each([400, 401, 404, 500, 503])('%d is not, and says so', (status) => {
    expect(decideHealth('/up', '/up', answered(status))).toMatchObject({
      healthy: false,
      failure: 'error-status',
      status,
      message: `It answers ${status} on /up.`,
    });
  });

  it('no other path is asked', () => {
    expect(pathsToProbe('/up')).toEqual(['/up']);
    expect(goesOn('/up', answered(404))).toBe(false);
  });
});

describe('with none set', () => {
  it('/health, /healthz and / are asked in turn while they answer 4xx', () => {
    expect(pathsToProbe(null)).toEqual(['/health', '/healthz', '/']);
    expect(goesOn(null, answered(404))).toBe(true);
    expect(goesOn(null, answered(503))).toBe(false);
    expect(goesOn(null, { kind: 'refused' })).toBe(false);
  });

  it('an app that answers 404 everywhere is well; one that answers 500 on / is not', () => {
    expect(decideHealth(null, '/', answered(404)).healthy).toBe(true);
    expect(decideHealth(null, '/', answered(500))).toMatchObject({ healthy: false, failure: 'error-status' });
  });

  it('a 503 on /health means not yet, whatever / says', () => {
    expect(decideHealth(null, '/health', answered(503)).healthy).toBe(false);
  });
});

it.each([
  { result: { kind: 'refused' } as const, failure: 'nothing-listens' },
  { result: { kind: 'timed-out' } as const, failure: 'too-slow' },
  { result: { kind: 'not-http', message: 'Parse Error' } as const, failure: 'not-http' },
])('$failure is told apart', ({ result, failure }) => {
  expect(decideHealth(null, '/', result)).toMatchObject({ healthy: false, failure });
});
