import { expect, it } from 'vitest';
import { classify } from './classify.ts';
import type { Failure, FailureContext } from './failure.ts';

const diagnose = (stage: Failure['stage'], output: string, context: FailureContext) =>
  classify({ stage, output, context, exit: { code: 1, signal: null }, error: null, command: 'npm run build' });

it('a variable that the build reads and that is set for run only is told as such', () => {
  const variables = { build: ['CI'], run: ['API_URL'] };
  const found = diagnose('build', 'Error: Missing required environment variable: API_URL', { variables });
  expect(found).toMatchObject({ cause: 'env_var', details: { variable: 'API_URL', setFor: 'run' } });
  expect(found.fix).toContain('--scope build');
  expect(diagnose('migrate', 'Environment variable not found: CI', { variables }).details).toMatchObject({
    setFor: 'build',
  });
});

it('an import in other capitals than its file names both', () => {
  const files = ['src/components/Header.tsx', 'src/index.ts'];
  const output = "src/index.ts(1,24): error TS2307: Cannot find module './components/header.js' or its types.";
  expect(diagnose('build', output, { files })).toMatchObject({
    cause: 'module_not_found',
    details: { module: './components/header.js', actual: 'src/components/Header.tsx' },
  });
  expect(diagnose('build', output, { files: ['src/index.ts'] }).details).not.toHaveProperty('actual');
});

it('a package is told to be in devDependencies only, or nowhere', () => {
  const output = "Error: Cannot find module 'compression'\nRequire stack:\n- /app/server.js";
  const dependencies = { dependencies: ['express'], devDependencies: ['compression'] };
  expect(diagnose('health', output, { dependencies }).cause).toBe('dev_dependencies_missing');
  const nowhere = diagnose('health', output, { dependencies: { ...dependencies, devDependencies: [] } });
  expect(nowhere).toMatchObject({ cause: 'module_not_found', details: { declared: false } });
  expect(nowhere.explanation).toContain('nowhere in package.json');
});

it('a path of the author’s machine is told to be one', () => {
  const output = "Error: Cannot find module 'HOME/work/tokens/index.js'\nRequire stack:\n- /app/build.js".replace(
    'HOME',
    ['', 'Users', 'kim'].join('/'),
  );
  expect(diagnose('build', output, {})).toMatchObject({ details: { authorsPath: true } });
});
