import { printable } from '@switchyard/client';
import { useQuery } from '@tanstack/react-query';
import { useNow } from './clock.ts';
import { client } from './session.tsx';
import { age } from './words.ts';

const SEEN_BY = { build: 'builds', run: 'migrations and instances', both: 'builds, migrations and instances' } as const;

/** Names and who sees them; values only of those that may be shown. They are set with the command or the API. */
export function VariablesSection({ app }: { app: string }) {
  const now = useNow(5_000);
  const { data } = useQuery({
    queryKey: ['variables', app],
    queryFn: () => client.variables(app),
    refetchInterval: 10_000,
  });
  if (data === undefined || data.length === 0) return null;
  return (
    <section aria-labelledby="variables">
      <h2 id="variables">Variables</h2>
      <ul className="releases">
        {data.map(({ name, scope, value, updatedAt }) => (
          <li key={name}>
            <code>{name}</code>
            <span className="row-message">{value === undefined ? '•••' : printable(value)}</span>
            <span className="soft">{SEEN_BY[scope]}</span>
            <span className="soft">{age(updatedAt, now)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
