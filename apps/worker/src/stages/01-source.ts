import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { snapshotKey } from '../cache-key.ts';
import { required, type Stage } from './stage.ts';

/** What a tree holds besides the commit's own files; another word, another snapshot. */
const FORM = 'with submodules and LFS';

/** Makes the pinned commit's tree a snapshot. */
export const source: Stage = async (context) => {
  const { deployment, platform, sources, attempt, log, signal } = context;
  const commit = required(deployment.commit, 'commit');
  const { repository, appId } = deployment;
  const firstLine = commit.message.split('\n', 1)[0] ?? '';
  log.say(`${commit.sha.slice(0, 10)} ${firstLine} (${commit.author})`);

  const key = snapshotKey('src', { app: appId, repository, commit: commit.sha, form: FORM });
  const kept = await platform.find(key);
  if (kept !== null) {
    log.say('This commit is here already.');
    return {
      kind: 'succeeded',
      cache: { result: 'hit', key, because: null },
      artifacts: { source: kept },
      placement: kept.placement,
    };
  }

  const workspaces = join(context.dataDirectory, 'workspaces', deployment.id);
  // Named like the platform's own workspaces, so that it is found and removed after a crash.
  const workspace = join(workspaces, `${attempt.stage}-${attempt.token}`);
  try {
    await mkdir(workspace, { recursive: true, mode: 0o700 });
    const directory = join(workspace, 'tree');
    const onOutput = (chunk: Buffer): void => log.output(chunk);
    const { fetched } = await sources.checkout({
      repository,
      credential: context.sourceCredential(),
      sha: commit.sha,
      into: directory,
      signal,
      onOutput,
    });
    signal.throwIfAborted();
    const snapshot = await platform.importTree({ attempt, directory, publish: key });
    const because = fetched ? 'the commit was not here yet' : 'its tree was not here yet';
    log.say(fetched ? 'Fetched and checked out.' : 'Checked out from the mirror.');
    return {
      kind: 'succeeded',
      cache: { result: 'miss', key, because },
      artifacts: { source: snapshot },
      placement: snapshot.placement,
    };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
};
