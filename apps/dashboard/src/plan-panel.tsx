import type { Plan } from '@switchyard/domain';

/** What was decided before anything ran, and why. Closed until somebody asks. */
export function PlanPanel({ plan }: { plan: Plan }) {
  return (
    <details className="plan">
      <summary>
        Plan <span className="soft">{summaryOf(plan)}</span>
      </summary>
      {plan.warnings.map((warning) => (
        <p key={warning} className="plan-warning">
          {warning}
        </p>
      ))}
      <dl>
        {plan.reasons.map(({ subject, choice, decider, because }) => (
          <div key={`${subject} ${choice}`}>
            <dt>{subject}</dt>
            <dd>
              <code>{choice}</code>
              <span className="soft">{decider === 'detected' ? because : `${because} (${decider})`}</span>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function summaryOf({ language, framework, runtime, packageManager, start }: Plan): string {
  const parts = [
    framework ?? (language === 'static' ? 'static site' : null),
    language === 'node' ? `Node ${runtime.wanted}` : null,
    packageManager?.name ?? null,
    start.kind === 'command' ? start.command : start.directory,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
