import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { snapshotKey } from '../cache-key.ts';
import { keepUpload } from './source-tree.ts';
import { required, type Stage, type StageContext } from './stage.ts';

interface CheckedOut {
  readonly because: string;
  readonly says: string;
}

/** Writes the pinned commit's files into a new directory. */
async function checkOut(context: StageContext, sha: string, into: string): Promise<CheckedOut> {
  const { deployment, sources, uploads, log, signal } = context;
  const id = deployment.upload;
  if (id !== null) {
    // Pinned on another host, perhaps.
    if (!(await uploads.has(id))) await keepUpload(context, id);
    await uploads.checkout({ id, sha, into, signal });
    return { because: 'this content was not here yet', says: 'Unpacked.' };
  }
  const onOutput = (chunk: Buffer): void => log.output(chunk);
  const repository = required(deployment.repository, 'repository');
  const { fetched } = await sources.checkout({
    repository,
    credential: context.sourceCredential(),
    sha,
    into,
    signal,
    onOutput,
  });
  return fetched
    ? { because: 'the commit was not here yet', says: 'Fetched and checked out.' }
    : { because: 'its tree was not here yet', says: 'Checked out from the mirror.' };
}

/** What a tree holds besides the commit's own files; another word, another snapshot. */
const FORM = 'with submodules and LFS';

/** Makes the pinned commit's tree a snapshot. */
export const source: Stage = async (context) => {
  const { deployment, platform, attempt, log, signal } = context;
  const commit = required(deployment.commit, 'commit');
  const { repository, appId } = deployment;
  const firstLine = commit.message.split('\n', 1)[0] ?? '';
  log.say(`${commit.sha.slice(0, 10)} ${firstLine} (${commit.author})`);

  // What is uploaded is named by its content alone: the same folder sent again is the same source.
  const key = snapshotKey('src', { app: appId, repository: repository ?? 'upload', commit: commit.sha, form: FORM });
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
    const { because, says } = await checkOut(context, commit.sha, directory);
    signal.throwIfAborted();
    const snapshot = await platform.importTree({ attempt, directory, publish: key });
    log.say(says);
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
