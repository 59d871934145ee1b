import { DeploymentId, DeploymentStatus, Endpoint, EnvironmentId, Hold, Route } from '@switchyard/domain';
import { z } from 'zod';

const FIELDS = [
  'number',
  'appId',
  'environmentId',
  'trigger',
  'status',
  'outcome',
  'step',
  'waiting',
  'lease',
  'leaseUntil',
  'jobId',
  'wake',
  'claim',
  'awaits',
  'liveAt',
  'turnedBackAt',
  'cancelRequestedAt',
  'gateExempt',
  'stale',
  's:health:status',
] as const;

/**
 * What the records of the chain say at one moment.
 *
 * KEYS[1]  prefix of all keys
 * ARGV[1]  ids of environments as JSON
 * ARGV[2…] deployments to leave out
 *
 * Answers {deployments, environments, endpoints, outbox, leases, due, admitted, slots of the farm, of teams, of apps}.
 */
export const AUDIT = `
local P = KEYS[1]
local known = {}
for index = 2, #ARGV do known[ARGV[index]] = true end
local deployments = {}
for _, id in ipairs(redis.call('ZRANGE', P .. 'deps-recent', 0, -1)) do
  if not known[id] then
    local dep = P .. 'dep:' .. id
    local fields = redis.call('HMGET', dep, ${FIELDS.map((field) => `'${field}'`).join(', ')})
    for index = 1, ${FIELDS.length} do fields[index] = fields[index] or '' end
    local team = redis.call('HGET', dep, 'teamId') or ''
    local environment = fields[3]
    local waitsFor = fields[14]
    fields[#fields + 1] = (redis.call('ZSCORE', P .. 'waiting:' .. team, id) or redis.call('ZSCORE', P .. 'pin-waiting:' .. team, id)) and '1' or ''
    fields[#fields + 1] = redis.call('ZSCORE', P .. 'gate:' .. environment, id) and '1' or ''
    fields[#fields + 1] = waitsFor ~= '' and redis.call('ZSCORE', P .. 'claim-waiters:' .. waitsFor, id) and '1' or ''
    deployments[#deployments + 1] = {id, fields}
  end
end
local environments = {}
for _, id in ipairs(cjson.decode(ARGV[1])) do
  local gate = redis.call('HMGET', P .. 'env:' .. id, 'gateHolder', 'hold')
  environments[#environments + 1] = {id, gate[1] or '', gate[2] or '', redis.call('HGET', P .. 'routes', id) or '',
    redis.call('ZRANGE', P .. 'gate:' .. id, 0, -1)}
end
return {deployments, environments, redis.call('HVALS', P .. 'endpoints'), redis.call('HKEYS', P .. 'outbox'),
  redis.call('ZRANGE', P .. 'leases', 0, -1), redis.call('ZRANGE', P .. 'due', 0, -1), redis.call('ZRANGE', P .. 'admitted', 0, -1),
  redis.call('SMEMBERS', P .. 'slots:farm')}
`;

const Deployments = z.array(z.tuple([DeploymentId, z.array(z.string())]));
const Environments = z.array(z.tuple([EnvironmentId, z.string(), z.string(), z.string(), z.array(DeploymentId)]));
const Answer = z.tuple([
  Deployments,
  Environments,
  z.array(z.string()),
  z.array(z.string()),
  z.array(DeploymentId),
  z.array(DeploymentId),
  z.array(DeploymentId),
  z.array(DeploymentId),
]);

type Field = (typeof FIELDS)[number];

/** A deployment's fields as they stand in its hash, and where it stands in line. */
export type AuditedDeployment = Readonly<Record<Exclude<Field, 's:health:status' | 'status'>, string>> & {
  readonly status: DeploymentStatus;
  readonly id: DeploymentId;
  readonly health: string;
  readonly isInLine: boolean;
  readonly isAtGate: boolean;
  readonly awaitsResult: boolean;
};

export interface AuditedEnvironment {
  readonly id: EnvironmentId;
  readonly gateHolder: string;
  readonly hold: Hold | null;
  readonly route: Route | null;
  readonly gate: readonly DeploymentId[];
}

export interface Audit {
  readonly deployments: ReadonlyMap<DeploymentId, AuditedDeployment>;
  readonly environments: readonly AuditedEnvironment[];
  readonly endpoints: readonly Endpoint[];
  readonly outbox: ReadonlySet<string>;
  readonly leases: ReadonlySet<DeploymentId>;
  readonly due: ReadonlySet<DeploymentId>;
  readonly admitted: ReadonlySet<DeploymentId>;
  readonly slots: ReadonlySet<DeploymentId>;
}

function deploymentOf(id: DeploymentId, values: readonly string[]): AuditedDeployment {
  const field = (name: Field): string => values[FIELDS.indexOf(name)] ?? '';
  const [line, gate, result] = values.slice(FIELDS.length);
  return {
    id,
    number: field('number'),
    appId: field('appId'),
    environmentId: field('environmentId'),
    trigger: field('trigger'),
    status: DeploymentStatus.parse(field('status')),
    outcome: field('outcome'),
    step: field('step'),
    waiting: field('waiting'),
    lease: field('lease'),
    leaseUntil: field('leaseUntil'),
    jobId: field('jobId'),
    wake: field('wake'),
    claim: field('claim'),
    awaits: field('awaits'),
    liveAt: field('liveAt'),
    turnedBackAt: field('turnedBackAt'),
    cancelRequestedAt: field('cancelRequestedAt'),
    gateExempt: field('gateExempt'),
    stale: field('stale'),
    health: field('s:health:status'),
    isInLine: line === '1',
    isAtGate: gate === '1',
    awaitsResult: result === '1',
  };
}

export function auditOf(answer: unknown): Audit {
  const [deployments, environments, endpoints, outbox, leases, due, admitted, slots] = Answer.parse(answer);
  return {
    deployments: new Map(deployments.map(([id, values]) => [id, deploymentOf(id, values)])),
    environments: environments.map(([id, gateHolder, hold, route, gate]) => ({
      id,
      gateHolder,
      hold: hold === '' ? null : Hold.parse(JSON.parse(hold)),
      route: route === '' ? null : Route.parse(JSON.parse(route)),
      gate,
    })),
    endpoints: endpoints.map((text) => Endpoint.parse(JSON.parse(text))),
    outbox: new Set(outbox),
    leases: new Set(leases),
    due: new Set(due),
    admitted: new Set(admitted),
    slots: new Set(slots),
  };
}
