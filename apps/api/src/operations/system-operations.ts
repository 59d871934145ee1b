import { DiskList, Readiness } from '@switchyard/client';
import { SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import { NO_BODY, operation } from '../operation.ts';
import { sendProblem } from '../problems.ts';
import { readinessOf } from '../readiness.ts';
import { viewProcess } from './process-operations.ts';

const none = z.object({});

const readyz = operation({
  id: 'readyz',
  method: 'get',
  path: '/readyz',
  tag: 'System',
  access: 'optional',
  summary: 'Whether deploys can be taken',
  description:
    'Redis answers, at least one worker, one runner and one router are alive and neither quiet nor draining, and nor is this api. With the admin token it also lists the processes. Whether a single process wants requests is asked of `/readyz` at its address for metrics.',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Yes.', content: { 'application/json': Readiness } } },
  errors: ['unavailable'],
  async handle({ caller, request, response }, { store, life }) {
    const { readiness, alive } = await readinessOf(store, life);
    const processes = alive.map(viewProcess);
    const body = { ...readiness, ...(caller === null || caller.team !== null ? {} : { processes }) };
    if (readiness.ready) {
      response.json(body);
      return;
    }
    const reasons = readiness.parts.flatMap(({ reason }) => (reason === null ? [] : [reason]));
    sendProblem(request, response, new SwitchyardError('unavailable', reasons.join(' ')), body);
  },
});

const listDisks = operation({
  id: 'listDisks',
  method: 'get',
  path: '/v1/disks',
  tag: 'System',
  access: 'operator',
  summary: 'How full the disks of the hosts are',
  description:
    'Per host, as its workers saw it last: what is free, what may be kept and what is, by kind, and what has been evicted. In bytes.',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Hosts of the last day.', content: { 'application/json': DiskList } } },
  errors: [],
  async handle({ response }, { store }) {
    response.json({ disks: await store.disks.list() });
  },
});

const healthz = operation({
  id: 'healthz',
  method: 'get',
  path: '/healthz',
  tag: 'System',
  access: 'none',
  summary: 'Whether the api itself answers',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'It does.', content: { 'text/plain': z.string() } } },
  errors: [],
  async handle({ response }) {
    response.type('text/plain').send('ok\n');
  },
});

const metrics = operation({
  id: 'metrics',
  method: 'get',
  path: '/metrics',
  tag: 'System',
  access: 'operator',
  summary: 'Figures for Prometheus',
  description: 'The same are served without a token on the address for metrics.',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Prometheus’ text format.', content: { 'text/plain': z.string() } } },
  errors: [],
  async handle({ response }, parts) {
    response.type(parts.metrics.contentType).send(await parts.metrics.metrics());
  },
});

const openapi = operation({
  id: 'openapi',
  method: 'get',
  path: '/openapi.json',
  tag: 'System',
  access: 'token',
  summary: 'This description',
  params: none,
  query: none,
  body: NO_BODY,
  answers: {
    200: { description: 'OpenAPI 3.1.', content: { 'application/json': z.looseObject({ openapi: z.string() }) } },
  },
  errors: [],
  async handle({ response }, { describe }) {
    response.json(describe());
  },
});

export const systemOperations = [readyz, listDisks, healthz, metrics, openapi];
