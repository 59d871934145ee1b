import { type Diagnosis, type Fault, STAGE_TRAITS } from '@switchyard/domain';
import { findingOfError } from './error-findings.ts';
import { findingOfExit } from './exit-findings.ts';
import type { Failure } from './failure.ts';
import { RULES } from './families/index.ts';
import { inContext } from './in-context.ts';
import { type Output, readOutput } from './output.ts';
import { applyRule, type Finding, reading } from './rule.ts';
import { tellingLines } from './unknown.ts';

const MAX_EVIDENCE_LENGTH = 500;
/** A finding below this explains nothing: what is unknown is called so. */
const LEAST_SCORE = 25;
const MAX_LESSER = 3;

/**
 * What happened, how one can tell, and what to do; also the one place that decides whose fault it is: `transient` is tried again, `user`
 * is final, `platform` is tried once more.
 *
 * Every rule that recognises something scores; the best explained evidence wins, and of equals the one that came first: later errors are
 * mostly consequences.
 */
export function classify(failure: Failure): Diagnosis {
  const output = readOutput(failure.output);
  const all = nothingFailed(failure) ? [] : findings(failure, output).filter(({ score }) => score >= LEAST_SCORE);
  const [best, ...others] = all;
  return best === undefined ? unknown(failure, output) : diagnosis(failure, inContext(best, failure), others);
}

/** Alarming words in the output of a command that succeeded mean nothing. */
function nothingFailed({ exit, error }: Failure): boolean {
  return error === null && exit?.code === 0;
}

/** All that was recognised, best first. */
function findings(failure: Failure, output: Output): Finding[] {
  const given = reading(output, failure);
  return [
    findingOfError(failure, output),
    findingOfExit(failure, output),
    ...RULES.map((rule) => applyRule(rule, given)),
  ]
    .filter((finding) => finding !== null)
    .toSorted(
      (a, b) =>
        b.score - a.score || firstLine(a) - firstLine(b) || (a.cause < b.cause ? -1 : a.cause > b.cause ? 1 : 0),
    );
}

function firstLine(finding: Finding): number {
  return finding.evidence[0]?.number ?? Number.MAX_SAFE_INTEGER;
}

function diagnosis({ stage }: Failure, finding: Finding, others: readonly Finding[]): Diagnosis {
  const { cause, title, explanation, fix, fault } = finding;
  return {
    cause,
    stage,
    title,
    explanation,
    fix,
    evidence: evidenceOf(finding.evidence),
    details: { ...finding.details },
    fault,
    confidence: Math.min(1, Math.max(0, finding.score / 100)),
    page: pageOf(cause),
    ...(others.length === 0 ? {} : { lesser: others.slice(0, MAX_LESSER).map(lesser) }),
  };
}

/** Where a cause is described, from the root of the documentation. */
export function pageOf(cause: string): string {
  return `docs/diagnoses/${cause.replaceAll('_', '-')}.md`;
}

function lesser({ cause, title, evidence, score }: Finding): NonNullable<Diagnosis['lesser']>[number] {
  const line = evidence[0]?.number ?? 0;
  return { cause, title, line: line > 0 ? line : null, confidence: Math.min(1, score / 100) };
}

function unknown(failure: Failure, output: Output): Diagnosis {
  const { stage, error, exit, command } = failure;
  const title = STAGE_TRAITS[stage].title;
  const how =
    exit === null ? '' : exit.signal === null ? `exited with ${exit.code ?? 'no code'}` : `was ended by ${exit.signal}`;
  const what = command === null ? `${title} failed` : `\`${command}\` ${how === '' ? 'failed' : how}`;
  return {
    cause: 'unknown',
    stage,
    title: `${title} failed, and the cause is not recognised`,
    explanation:
      error === null ? `${what}. Nothing in its output matches a failure that Switchyard knows.` : error.message,
    fix:
      error === null
        ? 'Read the lines below first: they are the ones that tell most. The whole output is in the log of this stage.'
        : 'Do what the message asks for, then deploy again.',
    evidence: evidenceOf(tellingLines(output)),
    details: {},
    fault: faultOf(failure),
    confidence: 0,
  };
}

/** A command that failed is the author's until something says otherwise; anything else that nobody knows is ours. */
function faultOf({ error, exit }: Failure): Fault {
  if (error !== null) return error.fault;
  return exit === null ? 'platform' : 'user';
}

function evidenceOf(lines: Finding['evidence']): Diagnosis['evidence'] {
  return lines.map(({ number, text }) => ({
    line: number > 0 ? number : null,
    text: text.slice(0, MAX_EVIDENCE_LENGTH),
  }));
}
