import type { AppView, DeploymentView, EnvironmentView } from '@switchyard/client';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { navigate } from './navigation.tsx';
import { pathTo } from './path.ts';
import { isSignedOut, useSession } from './session.tsx';

type Answer = DeploymentView | AppView | EnvironmentView;

/** Something a button asks the api for: one at a time, with its error; what came of it is read again, a new deployment is opened. */
export function useAction(): { busy: boolean; error: unknown; run: (ask: () => Promise<Answer>) => void } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const queries = useQueryClient();
  const { onSignedOut } = useSession();
  const run = useCallback(
    (ask: () => Promise<Answer>) => {
      setBusy(true);
      setError(null);
      ask()
        .then(async (answer) => {
          if ('number' in answer && globalThis.location.pathname !== pathTo.deployment(answer.id))
            navigate(pathTo.deployment(answer.id));
          await queries.invalidateQueries();
        })
        .catch((failure: unknown) => {
          if (isSignedOut(failure)) onSignedOut();
          else setError(failure);
        })
        .finally(() => setBusy(false));
    },
    [queries, onSignedOut],
  );
  return { busy, error, run };
}
