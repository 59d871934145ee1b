import { Deployment, STAGES } from '@switchyard/domain';

/** A hash as HGETALL answers it through a script: names and values in turn. */
export function pairsToHash(pairs: unknown): Record<string, string> {
  if (!Array.isArray(pairs)) throw new TypeError('a hash was expected');
  const hash: Record<string, string> = {};
  for (let index = 0; index + 1 < pairs.length; index += 2) hash[String(pairs[index])] = String(pairs[index + 1]);
  return hash;
}

const text = (hash: Record<string, string>, field: string): string | null => {
  const value = hash[field];
  return value === undefined || value === '' ? null : value;
};

const number = (hash: Record<string, string>, field: string): number | null => {
  const value = text(hash, field);
  return value === null ? null : Number(value);
};

const parsed = (hash: Record<string, string>, field: string): unknown => {
  const value = text(hash, field);
  return value === null ? null : JSON.parse(value);
};

function stageOfHash(hash: Record<string, string>, name: string): unknown {
  const field = `s:${name}:`;
  const attempts = Array.from({ length: number(hash, `${field}n`) ?? 0 }, (_, index) =>
    parsed(hash, `${field}a:${index + 1}`),
  );
  return {
    name,
    status: text(hash, `${field}status`) ?? 'pending',
    attempts: attempts.filter((attempt) => attempt !== null),
    startedAt: number(hash, `${field}startedAt`),
    endedAt: number(hash, `${field}endedAt`),
    cache: parsed(hash, `${field}cache`),
    note: text(hash, `${field}note`),
  };
}

/** Throws a ZodError when the hash is not a deployment of this version. */
export function deploymentOfHash(hash: Record<string, string>): Deployment {
  return Deployment.parse({
    v: number(hash, 'v'),
    id: hash['id'],
    farmId: hash['farmId'],
    teamId: hash['teamId'],
    appId: hash['appId'],
    environmentId: hash['environmentId'],
    number: number(hash, 'number'),
    trigger: hash['trigger'],
    repository: text(hash, 'repository'),
    ref: text(hash, 'ref'),
    pushed: text(hash, 'pushed'),
    upload: text(hash, 'upload'),
    reuse: hash['reuse'],
    retryOf: parsed(hash, 'retryOf'),
    ...(text(hash, 'settings') === null ? {} : { settings: parsed(hash, 'settings') }),
    commit: parsed(hash, 'commit'),
    status: hash['status'],
    outcome: text(hash, 'outcome'),
    step: text(hash, 'step'),
    placement: text(hash, 'placement') ?? 'any',
    waiting: text(hash, 'waiting'),
    cancelRequestedAt: number(hash, 'cancelRequestedAt'),
    cancelForcedAt: number(hash, 'cancelForcedAt'),
    stages: STAGES.map((name) => stageOfHash(hash, name)),
    plan: parsed(hash, 'plan'),
    artifacts: {
      ...(text(hash, 'artifact:source') === null ? {} : { source: parsed(hash, 'artifact:source') }),
      ...(text(hash, 'artifact:dependencies') === null ? {} : { dependencies: parsed(hash, 'artifact:dependencies') }),
      ...(text(hash, 'artifact:build') === null ? {} : { build: parsed(hash, 'artifact:build') }),
      ...(text(hash, 'artifact:migrated') === null ? {} : { migrated: parsed(hash, 'artifact:migrated') }),
      ...(text(hash, 'artifact:releaseId') === null ? {} : { releaseId: parsed(hash, 'artifact:releaseId') }),
    },
    diagnosis: parsed(hash, 'diagnosis'),
    createdAt: number(hash, 'createdAt'),
    startedAt: number(hash, 'startedAt'),
    liveAt: number(hash, 'liveAt'),
    turnedBackAt: number(hash, 'turnedBackAt'),
    endedAt: number(hash, 'endedAt'),
    sequence: number(hash, 'sequence') ?? 0,
  });
}
