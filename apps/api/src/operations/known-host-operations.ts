import { KnownHostList } from '@switchyard/client';
import { type KnownHost, SwitchyardError } from '@switchyard/domain';
import { knownKey } from '@switchyard/service';
import { z } from 'zod';
import { NO_BODY, operation } from '../operation.ts';

const none = z.object({});
const TAG = 'Source credentials';

const view = ({ host, keys, metAt }: KnownHost): KnownHostList['hosts'][number] => ({
  host,
  metAt,
  keys: keys.flatMap((line) => knownKey(line) ?? []),
});

const listKnownHosts = operation({
  id: 'listKnownHosts',
  method: 'get',
  path: '/v1/known-hosts',
  tag: TAG,
  access: 'operator',
  summary: 'List the SSH hosts that the farm knows',
  description:
    'A host’s keys are kept when the farm meets it first. Another key later on fails the deployment until the host is forgotten.',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'By name.', content: { 'application/json': KnownHostList } } },
  errors: [],
  async handle({ response }, { store }) {
    response.json({ hosts: (await store.knownHosts.list()).map(view) });
  },
});

const forgetKnownHost = operation({
  id: 'forgetKnownHost',
  method: 'delete',
  path: '/v1/known-hosts/{host}',
  tag: TAG,
  access: 'operator',
  summary: 'Forget the keys of an SSH host',
  description:
    'The next deployment from there takes whatever key the host shows then. Compare it first with what its operator publishes.',
  params: z.object({
    host: z.string().max(300).meta({ description: 'As it is listed.', example: 'git.example.org' }),
  }),
  query: none,
  body: NO_BODY,
  answers: { 204: { description: 'It is forgotten.' } },
  errors: ['known-host-not-found'],
  async handle({ params, response }, { store }) {
    if (!(await store.knownHosts.forget(params.host)))
      throw new SwitchyardError('known-host-not-found', `No SSH host ${JSON.stringify(params.host)} is known.`);
    response.status(204).end();
  },
});

export const knownHostOperations = [listKnownHosts, forgetKnownHost];
