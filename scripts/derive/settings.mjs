import { NOTICE, source, table } from './source.mjs';

const INTRODUCTION = `# Settings

${NOTICE}

How an app is installed, built, migrated, started and checked is detected from its files. What you know better you say in one of two
places; each field that is set wins over the places before it, on its own:

1. **detected** from package.json, lockfiles, Procfile and what else the repository holds;
2. **file**: \`switchyard.json\` at the repository's root, which belongs to a commit and goes wherever the repository goes;
3. **settings** of the app in Switchyard, which belong to this installation.

A deployment's plan says of each choice who made it and why; \`switchyard settings show APP\` shows it for the newest one. A deployment
has the settings as they were when it was accepted, also in its retries; what it then decides (commands, directory, version of Node) is
part of the keys under which results are kept, so that a changed setting never meets an older result.

## switchyard.json

    {
      "$schema": "http://localhost:7070/schema/switchyard.json",
      "build": "npm run build",
      "start": "node dist/server.js",
      "requiredVariables": ["DATABASE_URL"]
    }

The schema is served by the api without a token, and is [docs/switchyard.schema.json](switchyard.schema.json) besides: with \`$schema\`
editors complete fields and check them. A field that there is not is refused, with the nearest one named; JSON that can't be read is
refused with line and column.
`;

const SETTINGS = `
## Settings of an app

All fields above, and these, which are no property of a commit:
`;

const USE = `
    switchyard settings show hello
    switchyard settings set hello build="npm run build:prod" health.path=/up
    switchyard settings set hello build=false          # nothing is built
    switchyard settings unset hello build health

The API has \`GET\` and \`PATCH /v1/apps/{app}/settings\`. The answer's \`ETag\` names the version; a change is a JSON merge patch (\`null\`
clears a field) with the tag in \`If-Match\`. Without the header it is refused with 428, and with 412 and the present tag when somebody
was faster: nothing is overwritten unseen. \`If-Match: *\` changes whatever is there. A change counts as a whole or not at all.

## Scale, stop and start

    switchyard scale hello 3
    switchyard stop hello
    switchyard start hello

\`replicas\` takes effect at once and without a deployment: new instances get visitors when they are healthy; those that go get no new
requests, finish what they began, and end. A deployment waits until all its instances are healthy.

A stopped app keeps its route: visitors get a 503 page that says that it is stopped, also after everything was restarted. Stopping is a
person's word, and a push does not overrule it: deliveries are kept as \`held\`, and deployments that were under way end as superseded. A
deployment or rollback that somebody asks for starts the app again, since whoever deploys wants to see it; \`start\` starts what was live.
`;

const KEPT = `
## What is kept

- **Releases**: the last \`retention.releases\` that were live, those that are pinned (\`switchyard pin hello 7\`, \`unpin\`), and whatever
  is live or used by a deployment under way. The others go when the next deployment is cleaned up, with their file trees.
- **Deployments**: the newest \`retention.deployments\` of an app, and all that ended less than \`retention.days\` ago. The records, events
  and logs of the others go a few at a time, an app at a time, in the workers' sweep (\`switchyard_sweep_actions_total\` with the action
  \`deployment-forgotten\`, and a line in the worker's log). Never one that is unfinished, live for any share of visitors, has instances,
  or made a release that is kept.
- **Deleted apps** leave nothing: records, variables, deliveries and logs go with their last deployment.
`;

/** docs/settings.md */
export async function settings() {
  const { AppSettings, RepositorySettings, repositorySettingsSchema } = await source('packages/domain/src/index.ts');
  const { z } = await source('packages/domain/node_modules/zod/index.js');
  const file = repositorySettingsSchema();
  const own = z.toJSONSchema(AppSettings, { io: 'input', unrepresentable: 'any' });
  const onlyOwn = Object.fromEntries(
    Object.entries(own.$defs.AppSettings.properties).filter(([name]) => !(name in RepositorySettings.shape)),
  );
  const head = ['field', 'kind', 'meaning'];
  return [
    INTRODUCTION,
    table(head, rowsOf(file.properties)),
    SETTINGS,
    table(head, rowsOf(onlyOwn)),
    USE.trimEnd(),
    KEPT,
  ].join('\n');
}

/** docs/switchyard.schema.json */
export async function settingsSchema() {
  const { repositorySettingsSchema } = await source('packages/domain/src/index.ts');
  return `${JSON.stringify(repositorySettingsSchema(), null, 2)}\n`;
}

function rowsOf(properties, prefix = '') {
  return Object.entries(properties).flatMap(([name, schema]) => [
    [`\`${prefix}${name}\``, kindOf(schema), meaningOf(schema)],
    ...(schema.properties === undefined ? [] : rowsOf(schema.properties, `${prefix}${name}.`)),
  ]);
}

function kindOf(schema) {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.anyOf !== undefined) return schema.anyOf.map(kindOf).join(' or ');
  if (schema.type === 'integer')
    return `whole number, ${schema.minimum ?? schema.exclusiveMinimum + 1} to ${schema.maximum}`;
  if (schema.type === 'number') return `number, ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'array') return `list of: ${kindOf(schema.items)}`;
  if (schema.type === 'null') return '`null`';
  return { string: 'text', boolean: '`true` or `false`', object: 'object' }[schema.type] ?? schema.type;
}

function meaningOf({ description = '', examples = [] }) {
  const shown = examples.map((example) => `\`${typeof example === 'string' ? example : JSON.stringify(example)}\``);
  return shown.length === 0 ? description : `${description} For example ${shown.join(', ')}.`;
}
