import type { Diagnosis, StageName } from '@switchyard/domain';
import { readOutput } from './output.ts';
import { tellingLines } from './unknown.ts';

const AROUND = 2;
const MAX_LINES = 30;

/** The lines that tell most of an output, for people: what nobody recognised is shown by rank. */
export function telling(output: string): readonly { readonly line: number; readonly text: string }[] {
  return tellingLines(readOutput(output)).map(({ number, text }) => ({ line: number, text }));
}

/** A sample for a family's tests, made from an output: the lines that tell, with what stands around them; cause and details are to be filled in. */
export function testCase(name: string, stage: StageName, output: string, diagnosis: Diagnosis | null): string {
  const { lines } = readOutput(output);
  const numbers = new Set<number>();
  const evidence = diagnosis?.evidence.flatMap(({ line }) => line ?? []) ?? [];
  for (const line of evidence.length > 0 ? evidence : telling(output).map((one) => one.line))
    for (let near = line - AROUND; near <= line + AROUND; near++)
      if (near >= 1 && near <= lines.length) numbers.add(near);
  const kept = [...numbers].toSorted((a, b) => a - b).slice(0, MAX_LINES);
  const text = kept.map((line) => `    ${JSON.stringify(lines[line - 1]?.text ?? '')},`);
  const details = JSON.stringify(diagnosis?.details ?? {});
  return [
    `  // ${name.replaceAll(/[\r\n]+/g, ' ')}: how it was produced, with which versions`,
    `  sample(`,
    `    '${stage}',`,
    `    '${diagnosis?.cause ?? 'the_cause'}',`,
    `    ${details},`,
    ...text,
    `  ),`,
    '',
  ].join('\n');
}
