import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import type { Files } from '../harness/repository.ts';
import { openShop, type Shop } from '../harness/shop.ts';

/**
 * An app whose client is generated over a schema when packages are installed, as Prisma's is: by the app's own `postinstall`, or by that
 * of its `@prisma/client`, which finds the schema by where the install was begun. `/` tells which models the client knows.
 */
function generated(by: 'app' | 'package', model: string): Files {
  const renamed = Object.entries(nodeApp({ says: '' })).map(([file, content]): [string, string] => [
    file,
    String(content)
      .replaceAll(/"(node_modules\/)?greet"/g, '"$1@prisma/client"')
      .replace('"vendor/greet": {', '"vendor/greet": { "name": "@prisma/client",')
      .replace("require('greet')", "require('@prisma/client/client.js')")
      .replace('greet("")', 'greet'),
  ]);
  const files = Object.fromEntries(renamed);
  const addScript = (file: string, command: string): string => {
    const manifest = JSON.parse(files[file] ?? '') as { scripts?: Record<string, string> };
    return JSON.stringify({ ...manifest, scripts: { ...manifest.scripts, postinstall: command } });
  };
  const [manifest, command] =
    by === 'app'
      ? ['package.json', 'node vendor/greet/generate.js']
      : ['vendor/greet/package.json', 'node generate.js'];
  return {
    ...files,
    [manifest]: addScript(manifest, command),
    'vendor/greet/generate.js':
      "const fs = require('node:fs'); const root = process.env.INIT_CWD ?? '.';" +
      "const models = fs.readFileSync(root + '/prisma/schema.prisma', 'utf8').match(/model \\w+/g);" +
      "fs.writeFileSync(__dirname + '/client.js', 'module.exports = ' + JSON.stringify(models.join()));",
    'prisma/schema.prisma': `model ${model} { id Int @id }\n`,
  };
}

let shop: Shop;

beforeAll(async () => {
  shop = await openShop(generated('app', 'Cart'));
});

afterAll(async () => {
  await shop?.close();
});

it.each(['app', 'package'] as const)(
  'a client that the postinstall of the %s generates is made anew from a changed schema, with an unchanged lockfile',
  { timeout: 90_000 },
  async (by) => {
    const { repository, system } = shop;
    for (const model of ['Cart', 'Order']) {
      await repository.commit(generated(by, `${model}_of_${by}`));
      const deployment = await system.deploy('shop');
      expect(deployment.diagnosis).toBeNull();
      expect(await system.visit('shop')).toEqual({ status: 200, body: `model ${model}_of_${by}` });
    }
  },
);
