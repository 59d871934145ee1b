import { QueryClientProvider } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { AppPage } from './app-page.tsx';
import { DeploymentPage } from './deployment-page.tsx';
import { HomePage } from './home-page.tsx';
import { usePath } from './navigation.tsx';
import { pageOf } from './path.ts';
import { client, createQueries, SessionContext } from './session.tsx';
import { Shell } from './shell.tsx';
import { SignInPage } from './sign-in-page.tsx';

export function Dashboard() {
  const [signedOut, setSignedOut] = useState(false);
  const queries = useMemo(() => createQueries(() => setSignedOut(true)), []);
  const session = useMemo(
    () => ({
      onSignedOut: () => setSignedOut(true),
      signOut() {
        queries.clear();
        setSignedOut(true);
        client.closeSession().catch(() => undefined);
      },
    }),
    [queries],
  );
  if (signedOut)
    return (
      <SignInPage
        onSignedIn={() => {
          queries.clear();
          setSignedOut(false);
        }}
      />
    );
  return (
    <QueryClientProvider client={queries}>
      <SessionContext value={session}>
        <Shell>
          <CurrentPage />
        </Shell>
      </SessionContext>
    </QueryClientProvider>
  );
}

function CurrentPage() {
  const page = pageOf(usePath());
  switch (page.kind) {
    case 'home':
      return <HomePage />;
    case 'app':
      return <AppPage key={page.name} name={page.name} />;
    case 'deployment':
      return <DeploymentPage key={page.id} id={page.id} />;
    case 'missing':
      return (
        <main className="page notice">
          <h1>Nothing here</h1>
          <p>This address leads to no page.</p>
        </main>
      );
  }
}
