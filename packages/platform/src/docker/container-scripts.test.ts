import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ENVIRONMENT_END, environmentScript } from './container-scripts.ts';

/** What a shell makes of it. */
function read(script: string): Record<string, string> {
  const command =
    'eval "$(cat)"; [ "$switchyard_environment" = whole ] && exec "$0" -e "console.log(JSON.stringify(process.env))"';
  const output = execFileSync('sh', ['-c', command, process.execPath], {
    input: script,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return z.record(z.string(), z.string()).parse(JSON.parse(output.toString()));
}

describe('an environment over standard input', () => {
  it('arrives as it was, whatever is in it', () => {
    const env = {
      PLAIN: 'x',
      EMPTY: '',
      QUOTES: `it's "quoted" \`here\` $HOME \\n`,
      LINES: 'one\ntwo\n\nthree\n',
      SPACES: '  a  b  ',
      UNICODE: 'žluťoučký 🐎',
      LOOKS_LIKE_CODE: "'; exit 3; '",
    };
    expect(read(environmentScript(env))).toMatchObject(env);
  });

  it('is noticed when it is cut short', () => {
    const script = environmentScript({ A: 'x'.repeat(100), B: 'y' });
    for (const length of [0, 20, script.indexOf('B='), script.length - ENVIRONMENT_END.length]) {
      expect(() => read(script.slice(0, length)), `after ${length} bytes`).toThrow(/Command failed/);
    }
  });

  it('leaves out what no shell could hold', () => {
    expect(environmentScript({ 'npm.config': 'x', 'A-B': 'x', '1A': 'x', 'x; rm -rf /': 'x' })).toBe(
      `${ENVIRONMENT_END}\n`,
    );
  });
});
