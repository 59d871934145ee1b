import { repositorySettingsSchema } from '@switchyard/domain';
import { z } from 'zod';
import { NO_BODY, operation } from '../operation.ts';

const none = z.object({});

const settingsSchema = operation({
  id: 'settingsSchema',
  method: 'get',
  path: '/schema/switchyard.json',
  tag: 'System',
  access: 'none',
  summary: 'The JSON schema of switchyard.json',
  description: 'For `$schema` in the file, so that editors complete and check it.',
  params: none,
  query: none,
  body: NO_BODY,
  answers: {
    200: { description: 'JSON Schema 2020-12.', content: { 'application/schema+json': z.looseObject({}) } },
  },
  errors: [],
  async handle({ response }) {
    response.type('application/schema+json').send(JSON.stringify(repositorySettingsSchema(), null, 2));
  },
});

export const schemaOperations = [settingsSchema];
