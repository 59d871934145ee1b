import type { Endpoint, Route, RoutingTable } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { adoptTable, EMPTY_TABLE, hostName, indexTable, type KeptTables, keepWhatWasLost, NO_TABLES } from './table.ts';

interface RouteSketch {
  readonly hosts?: readonly string[];
  readonly weights?: Readonly<Record<string, number>>;
}

/** The route of environment `name`; by default its host is `<name>.localhost` and everything goes to deployment `<name>1`. */
function route(name: string, { hosts = [`${name}.localhost`], weights = { 1: 100 } }: RouteSketch = {}): Route {
  return {
    v: 1,
    id: `route_${name}`,
    environmentId: `env_${name}`,
    appId: `app_${name}`,
    appName: name,
    hosts: [...hosts],
    owner: 1,
    weights: Object.entries(weights).map(([number, weight]) => ({
      releaseId: `rel_${name}${number}`,
      deploymentId: `dep_${name}${number}`,
      weight,
    })),
    at: 0,
  };
}

function endpoint(name: string, port: number, more: Partial<Endpoint> = {}): Endpoint {
  return {
    instanceId: `ins_${name}${port}`,
    environmentId: `env_${name}`,
    deploymentId: `dep_${name}1`,
    host: '127.0.0.1',
    port,
    ready: true,
    ...more,
  };
}

const farm = (id: string, epoch: number) => ({ id: `farm_${id}`, epoch }) as const;

const tableOf = (version: number, more: Partial<RoutingTable> = {}): RoutingTable => ({
  ...EMPTY_TABLE,
  farm: farm('ours', 1),
  version,
  ...more,
});

const withApp = (version: number, name: string, more: Partial<RoutingTable> = {}): RoutingTable =>
  tableOf(version, { routes: [route(name)], endpoints: [endpoint(name, 20_001)], ...more });

describe('indexTable', () => {
  it('finds the ready instances of a host’s deployments', () => {
    const { byHost, backends } = indexTable(
      tableOf(1, {
        routes: [route('blog', { hosts: ['Blog.Example.org', 'www.example.org'] })],
        endpoints: [endpoint('blog', 20_001), endpoint('blog', 20_002), endpoint('blog', 20_003, { ready: false })],
      }),
    );
    expect([...byHost.keys()]).toEqual(['blog.example.org', 'www.example.org']);
    expect(byHost.get('www.example.org')).toMatchObject({
      appName: 'blog',
      shares: [{ weight: 100, backends: [{ port: 20_001 }, { port: 20_002 }] }],
    });
    expect([...backends.keys()]).toEqual(['ins_blog20001', 'ins_blog20002']);
  });

  it('leaves out instances of deployments that no route names, and those whose weight is zero', () => {
    const { byHost, backends } = indexTable(
      tableOf(1, {
        routes: [route('blog', { weights: { 1: 0, 2: 30 } })],
        endpoints: [
          endpoint('blog', 20_001),
          endpoint('blog', 20_002, { deploymentId: 'dep_blog2' }),
          endpoint('blog', 20_003, { deploymentId: 'dep_blog3' }),
        ],
      }),
    );
    expect(byHost.get('blog.localhost')?.shares).toMatchObject([{ deploymentId: 'dep_blog2', weight: 30 }]);
    expect([...backends.keys()]).toEqual(['ins_blog20002']);
  });

  it('keeps a live deployment without instances as a share, and a route without weights as a host without shares', () => {
    const { byHost } = indexTable(tableOf(1, { routes: [route('blog'), route('shop', { weights: {} })] }));
    expect(byHost.get('blog.localhost')?.shares).toMatchObject([{ deploymentId: 'dep_blog1', backends: [] }]);
    expect(byHost.get('shop.localhost')?.shares).toEqual([]);
  });

  it('names the route ids to acknowledge, those without instances included', () => {
    const { routeIds } = indexTable(tableOf(1, { routes: [route('blog'), route('shop', { weights: {} })] }));
    expect(Object.fromEntries(routeIds)).toEqual({ env_blog: 'route_blog', env_shop: 'route_shop' });
  });
});

describe('hostName', () => {
  it.each([
    ['hello.localhost', 'hello.localhost'],
    ['Hello.LOCALHOST:7080', 'hello.localhost'],
    ['hello.localhost.', 'hello.localhost'],
    ['hello.localhost.:80', 'hello.localhost'],
    ['[::1]', '[::1]'],
    ['[::1]:7080', '[::1]'],
    ['10.0.0.1:80', '10.0.0.1'],
  ])('%s is %s', (header, name) => expect(hostName(header)).toBe(name));

  it.each([undefined, ''])('%j names none', (header) => expect(hostName(header)).toBeNull());

  it.each([':80', '[::1', '.', '::1'])('%j finds no app that has a name', (header) =>
    expect(hostName(header)).not.toMatch(/^[a-z]/),
  );
});

describe('keepWhatWasLost', () => {
  const before = withApp(9, 'blog');

  it('keeps a route and its instances of which the new records say nothing', () => {
    const kept = keepWhatWasLost(before, withApp(1, 'shop', { endpoints: [] }));
    expect(kept.routes.map(({ appName }) => appName)).toEqual(['shop', 'blog']);
    expect(kept.endpoints).toEqual(before.endpoints);
    expect(kept.version).toBe(1);
  });

  it('gives up an environment that Redis knows again', () => {
    const again = withApp(1, 'blog', { routes: [route('blog', { weights: {} })], endpoints: [] });
    expect(keepWhatWasLost(before, again)).toEqual(again);
  });

  it('gives up a host that is another environment’s now, and keeps the route’s other hosts', () => {
    const two = withApp(9, 'blog', { routes: [route('blog', { hosts: ['blog.localhost', 'example.org'] })] });
    const now = tableOf(1, { routes: [route('other', { hosts: ['BLOG.localhost'] })] });
    expect(keepWhatWasLost(two, now).routes.map(({ hosts }) => hosts)).toEqual([['BLOG.localhost'], ['example.org']]);
  });

  it('never keeps an address that an instance of the new records has: it may be another app’s', () => {
    const now = tableOf(1, { endpoints: [endpoint('shop', 20_001, { ready: false })] });
    const kept = keepWhatWasLost(before, now);
    expect(kept.routes).toHaveLength(1);
    expect(kept.endpoints).toEqual(now.endpoints);
  });

  it('takes an instance’s address from the new records where both have it', () => {
    const moved = endpoint('blog', 20_001, { port: 20_009 });
    expect(keepWhatWasLost(before, tableOf(1, { endpoints: [moved] })).endpoints).toEqual([moved]);
  });
});

describe('adoptTable', () => {
  const kept: KeptTables = { table: withApp(9, 'blog'), inherited: EMPTY_TABLE };
  const hostsServed = (after: KeptTables | null): string[] =>
    after === null ? [] : keepWhatWasLost(after.inherited, after.table).routes.flatMap(({ hosts }) => hosts);

  it('sees no change in the version that is in use', () => {
    expect(adoptTable(kept, tableOf(9))).toBeNull();
  });

  it('follows a later version, also where that took a route away', () => {
    expect(adoptTable(kept, tableOf(10))).toMatchObject({ lost: false, table: { version: 10, routes: [] } });
    expect(hostsServed(adoptTable(kept, tableOf(10)))).toEqual([]);
  });

  it('takes the first farm that it ever hears of as the beginning', () => {
    expect(adoptTable(NO_TABLES, tableOf(1))).toMatchObject({ lost: false });
    expect(adoptTable(NO_TABLES, EMPTY_TABLE)).toBeNull();
  });

  it.each([
    ['an empty Redis', EMPTY_TABLE],
    ['an older Redis', tableOf(8)],
    ['a Redis that was filled anew beyond the version in use', tableOf(20, { farm: farm('ours', 2) })],
    ['a Redis that was filled anew to the very version in use', tableOf(9, { farm: farm('ours', 2) })],
    ['another farm’s Redis', tableOf(9, { farm: farm('theirs', 1) })],
  ])('goes on serving what was served when it meets %s', (_, found) => {
    const after = adoptTable(kept, found);
    expect(after).toMatchObject({ lost: true, table: found });
    expect(hostsServed(after)).toEqual(['blog.localhost']);
  });

  it('goes on serving it while the new records grow, until they know of it', () => {
    const emptied = adoptTable(kept, EMPTY_TABLE) ?? NO_TABLES;
    const begun = adoptTable(emptied, tableOf(1, { farm: farm('ours', 2) })) ?? NO_TABLES;
    expect(begun).toMatchObject({ lost: false });
    expect(hostsServed(begun)).toEqual(['blog.localhost']);
    const again = withApp(2, 'blog', { farm: farm('ours', 2), endpoints: [endpoint('blog', 20_007)] });
    const known = adoptTable(begun, again) ?? NO_TABLES;
    expect(keepWhatWasLost(known.inherited, known.table)).toEqual(again);
  });

  it('adds up what two losses took', () => {
    const first = adoptTable(kept, withApp(1, 'shop')) ?? NO_TABLES;
    const second = adoptTable(first, EMPTY_TABLE);
    expect(hostsServed(second).sort()).toEqual(['blog.localhost', 'shop.localhost']);
  });
});
