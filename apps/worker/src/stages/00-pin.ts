import type { Stage } from './stage.ts';

/** Resolves what is to be deployed to a commit, so that a later push does not change it. */
export const pin: Stage = async ({ deployment, sources, sourceCredential, signal, log }) => {
  const ref = deployment.ref ?? deployment.settings?.values.branch ?? null;
  log.say(`Looking for ${ref ?? 'the default branch'} of ${deployment.repository}`);
  const commit = await sources.pin({
    repository: deployment.repository,
    credential: sourceCredential(),
    ref,
    signal,
    onOutput: (chunk) => log.output(chunk),
  });
  return { kind: 'succeeded', commit };
};
