import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let database: Postgres;

beforeAll(async () => {
  database = await startPostgres();
  system = await startSystem();
  repository = await createRepository(version('one', 'create table visitors (id int primary key);'));
  await system.client.createApp({ name: 'shop', repository: repository.url });
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  await database?.stop();
});

function version(says: string, sql: string, build?: string) {
  const migrate = `psql ${database.url} --no-psqlrc --single-transaction --set ON_ERROR_STOP=1 --file migration.sql`;
  return { ...nodeApp({ says, migrate, ...(build === undefined ? {} : { build }) }), 'migration.sql': `${sql}\n` };
}

const told = async (): Promise<string> => (await system.visit('shop')).body;

describe.sequential('the database', { timeout: 60_000 }, () => {
  it('is migrated before the new version serves', async () => {
    const deployment = await system.deploy('shop');
    expect(deployment.diagnosis).toBeNull();
    expect(deployment.status).toBe('succeeded');
    expect(await database.query('select count(*) from visitors')).toBe('0');
    expect(await told()).toBe('one');
  });

  it('sees no connection when the build fails', async () => {
    const before = await database.connections();
    expect(before).toBeGreaterThan(0);
    await repository.commit(version('two', 'alter table visitors add column name text;', 'exit 1'));
    expect((await system.deploy('shop')).status).toBe('failed');
    expect(await database.connections()).toBe(before);
    expect(await told()).toBe('one');
  });

  it('has the same schema after a migration that failed, and the old version answers', async () => {
    const before = await database.schema();
    await repository.commit(
      version('two', 'alter table visitors add column name text;\nalter table visitor add column age int;'),
    );
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('failed');
    expect(deployment.diagnosis).toMatchObject({ stage: 'migrate', fault: 'user' });
    expect(JSON.stringify(deployment.diagnosis?.evidence)).toContain('visitor');
    expect(await database.schema()).toBe(before);
    expect(await told()).toBe('one');
  });
});
