import { expect, it } from 'vitest';
import { diagnoseOutput } from './diagnose-output.ts';
import { testCase } from './test-case.ts';

const TYPE_ERROR = "src/a.ts(1,5): error TS2322: Type 'string' is not assignable to type 'number'.";

it('nothing is told of an output that ends well, whatever alarming words it holds', () => {
  const output = 'Error: connect ECONNREFUSED 127.0.0.1:5432 (expected in this test)\nTests:       2 passed, 2 total\n';
  expect(diagnoseOutput({ output, stage: 'build', exitCode: null }).diagnosis).toBeNull();
  expect(diagnoseOutput({ output: TYPE_ERROR, stage: 'build', exitCode: 0 }).diagnosis).toBeNull();
});

it('the stage is guessed from the words where it is not given', () => {
  const found = diagnoseOutput({ output: `${TYPE_ERROR}\nerror: exited with code 2`, stage: null, exitCode: null });
  expect(found).toMatchObject({ stage: 'build', diagnosis: { cause: 'type_error' } });
  const source = "fatal: couldn't find remote ref release/9";
  expect(diagnoseOutput({ output: source, stage: null, exitCode: 128 })).toMatchObject({ stage: 'source' });
});

it('a command that is repeated is no evidence, nor is source code that is shown', () => {
  for (const output of [
    '> shop@1.0.0 build\n> echo "connect ECONNREFUSED 127.0.0.1:5432" && false\n',
    '> build\n> node -e "Cannot find module \'x\'"\n',
    '+ psql -c \'relation "x" already exists\'',
    "/app/env.js:3\nthrow new Error('API_KEY is not set');\n      ^",
  ])
    expect(diagnoseOutput({ output, stage: 'migrate', exitCode: 1 }).diagnosis).toBeNull();
});

it('a failure that was tried again and overcome gives way to the one that ended the run', () => {
  const output = [
    'npm error code ECONNRESET',
    'npm error network request to https://registry.example.org/zod failed, reason: socket hang up',
    'retrying (attempt 2)',
    'added 120 packages in 9s',
    TYPE_ERROR,
  ].join('\n');
  expect(diagnoseOutput({ output, stage: 'build', exitCode: 2 }).diagnosis?.cause).toBe('type_error');
});

it('what follows from the cause is told beside it', () => {
  const output = `${TYPE_ERROR}\nsh: 1: vite: not found\n`;
  const { diagnosis } = diagnoseOutput({ output, stage: 'build', exitCode: 127 });
  expect(diagnosis).toMatchObject({ cause: 'type_error', lesser: [{ cause: 'tool_missing', line: 2 }] });
});

it('an output that nobody knows becomes a test case with the lines that tell', () => {
  const output = 'step one\nError: flux capacitor misaligned\nbye\n';
  const text = testCase('flux', 'build', output, null);
  expect(text).toContain("'the_cause'");
  expect(text).toContain('"Error: flux capacitor misaligned"');
});
