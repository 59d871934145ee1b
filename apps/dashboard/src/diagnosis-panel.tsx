import { type Diagnosis, STAGE_TRAITS } from '@switchyard/domain';
import { parseAnsi } from './ansi.ts';
import { Prose } from './prose.tsx';

const FAULT_WORDS: Readonly<Record<Diagnosis['fault'], string>> = {
  user: 'Something in the app or its settings',
  platform: 'Something in this installation',
  transient: 'Something that may pass by itself',
};

/** Why it failed: what happened, the lines that prove it, what to do. */
export function DiagnosisPanel({
  diagnosis,
  onEvidence,
}: {
  diagnosis: Diagnosis;
  onEvidence: (line: number) => void;
}) {
  return (
    <section className="diagnosis" aria-labelledby="diagnosis">
      <p className="diagnosis-where">
        {STAGE_TRAITS[diagnosis.stage].title} failed <span aria-hidden="true">·</span> {FAULT_WORDS[diagnosis.fault]}
      </p>
      <h2 id="diagnosis">{diagnosis.title}</h2>
      <p>
        <Prose text={diagnosis.explanation} />
      </p>
      {diagnosis.evidence.length > 0 && (
        <ol className="evidence" aria-label="Evidence">
          {diagnosis.evidence.map(({ line, text }, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- lines may repeat, and the list never changes
            <li key={index}>
              {line === null ? (
                <span className="evidence-line" />
              ) : (
                <button
                  type="button"
                  className="evidence-line"
                  title="Show it in the log"
                  aria-label={`Line ${line}: show it in the log`}
                  onClick={() => onEvidence(line)}
                >
                  {line}
                </button>
              )}
              <code>
                {parseAnsi(text)
                  .map((span) => span.text)
                  .join('')}
              </code>
            </li>
          ))}
        </ol>
      )}
      <div className="fix">
        <h3>What to do</h3>
        <p>
          <Prose text={diagnosis.fix} />
        </p>
      </div>
    </section>
  );
}
