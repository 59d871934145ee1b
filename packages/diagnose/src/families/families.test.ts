import { describe, expect, it } from 'vitest';
import { classify } from '../classify.ts';
import { SAMPLES, type Sample } from './fixtures/samples.ts';
import { RULES } from './index.ts';

describe.each(Object.entries(SAMPLES))('%s', (_, samples) => {
  it.each(samples.map((one): [string, Sample] => [`${one.cause} in ${one.stage}`, one]))(
    'names %s',
    (_name, { stage, output, cause, details }) => {
      const command = 'npm run build';
      const found = classify({ stage, output, exit: { code: 1, signal: null }, error: null, command, context: {} });
      expect(found).toMatchObject({ cause, details, stage });
      expect(found.evidence[0]?.line).toBeGreaterThan(0);
      for (const text of [found.title, found.explanation, found.fix]) {
        expect(text.replaceAll(/undefined(?=\W)/g, (word) => (output.includes(word) ? '' : word))).not.toContain(
          'undefined',
        );
        expect(text).not.toMatch(/\bnull\b|\{\}|\s{2}|\s[,:)]|\s\.(?:\s|$)/);
      }
    },
  );
});

describe('all rules', () => {
  it('have names of their own', () => {
    const names = RULES.map(({ cause }) => cause);
    expect(new Set(names).size).toBe(names.length);
  });

  it('find nothing in an output that says nothing', () => {
    for (const stage of ['source', 'install', 'build', 'migrate', 'health'] as const) {
      const found = classify({
        stage,
        output:
          'added 112 packages, and audited 113 packages in 3s\nfound 0 vulnerabilities\n✓ built in 1.2s\n0 errors',
        exit: { code: 1, signal: null },
        error: null,
        command: 'npm run build',
        context: {},
      });
      expect(found.cause).toBe('unknown');
    }
  });

  it.each([
    ['one long word', 'a'],
    ['spaces', ' '],
    ['quotes', "'"],
    ['parts of paths', '/a'],
    ['colons', ':1'],
    ['scopes', '@a/'],
    ['words', 'error: ENOENT '],
    ['escapes', '\u001b['],
    ['returns', '\r'],
  ])('take linear time on hostile lines: %s', (_, part) => {
    const hostile = part.repeat(Math.ceil(200_000 / part.length));
    const output = Array.from({ length: 5 }, () => `npm error ${hostile} not found ENOENT 404 certificate`).join('\n');
    const start = performance.now();
    classify({ stage: 'install', output, exit: { code: 1, signal: null }, error: null, command: 'x', context: {} });
    // A quadratic pattern takes minutes here; a linear one a few milliseconds, and this machine may be busy.
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
