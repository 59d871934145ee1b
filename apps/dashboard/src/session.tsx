import { ApiError, type Client, createClient } from '@switchyard/client';
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';

/** The page's one client: same origin, the session's cookie. */
export const client: Client = createClient({ baseUrl: '', kind: 'page' });

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Calls `onSignedOut` when any question is answered with 401. */
export function createQueries(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError(error) {
        if (isSignedOut(error)) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        retry: (count, error) => count < 3 && !(error instanceof ApiError && !error.isTransient),
        staleTime: 1_000,
      },
    },
  });
}

export const SessionContext = createContext<{ signOut: () => void; onSignedOut: () => void }>({
  signOut: () => undefined,
  onSignedOut: () => undefined,
});
export const useSession = () => useContext(SessionContext);
