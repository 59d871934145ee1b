import { z } from 'zod';
import { RepositorySettings } from './plan.ts';

/** The JSON schema of `switchyard.json`, for editors. */
export function repositorySettingsSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(RepositorySettings, { io: 'input', unrepresentable: 'any' });
  return { ...schema, description: 'How Switchyard deploys this repository. What is not said is detected.' };
}
