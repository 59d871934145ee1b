import { ApiError } from '@switchyard/client';
import { type FormEvent, useId, useState } from 'react';
import { client } from './session.tsx';
import { Mark } from './shell.tsx';

export function SignInPage({ onSignedIn }: { onSignedIn: () => void }) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useId();

  async function signIn(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await client.openSession(token.trim());
      onSignedIn();
    } catch (error) {
      setBusy(false);
      setProblem(problemWords(error));
    }
  }
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    void signIn();
  };

  return (
    <main className="sign-in">
      <form onSubmit={onSubmit}>
        <p className="brand">
          <Mark />
          Switchyard
        </p>
        <h1>Sign in</h1>
        <p className="soft">
          A team’s token, or the admin token, which is in the file <code>admin-token</code> of the data directory;{' '}
          <code>npm start</code> prints where that is.
        </p>
        <label htmlFor={field}>Token</label>
        <input
          id={field}
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          required
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page has nothing else to do
          autoFocus
          value={token}
          onChange={(event) => setToken(event.target.value)}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : `${field}-problem`}
        />
        {problem !== null && (
          <p className="field-problem" id={`${field}-problem`} role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="primary" disabled={busy || token.trim() === ''}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function problemWords(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Signing in failed for an unknown reason.';
  if (error.status === 401) return 'This is not the token of this installation.';
  return error.problem.detail;
}
