import type { Readiness } from '@switchyard/client';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from './navigation.tsx';
import { pathTo } from './path.ts';
import { client, useSession } from './session.tsx';

/** What is on every page: where one is, whether deploys can be taken, and the way out. */
export function Shell({ children }: { children: ReactNode }) {
  const { signOut } = useSession();
  return (
    <>
      <header className="bar">
        <Link href={pathTo.home()} className="brand">
          <Mark />
          Switchyard
        </Link>
        <FarmState />
        <button type="button" className="quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      {children}
    </>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 28 20" aria-hidden="true">
      <path className="mark-rail" d="M1 15h26" />
      <path className="mark-branch" d="M1 15h6c7 0 7-10 13-10h7" />
      <circle cx="21" cy="5" r="3" />
    </svg>
  );
}

function FarmState() {
  const { data, isError } = useQuery({ queryKey: ['ready'], queryFn: () => client.ready(), refetchInterval: 5_000 });
  const { tone, text } = farmWords(data, isError);
  return (
    <output className={`farm-state ${tone}`}>
      <span className="dot" aria-hidden="true" />
      {text}
    </output>
  );
}

function farmWords(readiness: Readiness | undefined, isError: boolean): { tone: string; text: string } {
  if (isError) return { tone: 'bad', text: 'The api does not answer' };
  if (readiness === undefined) return { tone: 'idle', text: '' };
  if (readiness.ready) return { tone: 'good', text: 'Ready to deploy' };
  const missing = readiness.parts.filter((part) => !part.ready).map((part) => part.name);
  return { tone: 'bad', text: `Not ready: ${missing.join(', ')} missing` };
}
