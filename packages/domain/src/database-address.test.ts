import { expect, it } from 'vitest';
import { databaseAddresses } from './database-address.ts';

it.each<[string, Record<string, string>, string[]]>([
  ['a URL', { DATABASE_URL: 'postgres://shop:secret@db.example.com:5433/shop' }, ['db.example.com:5433/shop']],
  ['the usual port', { POSTGRES_URL: 'postgresql://a@db.example.com/shop' }, ['db.example.com:5432/shop']],
  ['another kind', { MYSQL_URL: 'mysql://a:b@db.example.com/shop?ssl=true' }, ['db.example.com:3306/shop']],
  ['a driver', { X: 'postgresql+psycopg2://a:b@db.example.com/shop' }, ['db.example.com:5432/shop']],
  ['Java’s way', { SPRING: 'jdbc:postgresql://db.example.com/shop?user=a&password=b' }, ['db.example.com:5432/shop']],
  ['SQL Server', { X: 'sqlserver://db.example.com:1433;database=shop;user=a' }, ['db.example.com:1433/shop']],
  ['other letters and a dot', { X: 'POSTGRES://a:b@DB.Example.Com./shop' }, ['db.example.com:5432/shop']],
  ['odd passwords', { X: 'postgres://a:p@s/s;w#rd@db.example.com/shop?x=y@z' }, ['db.example.com:5432/shop']],
  ['several hosts', { X: 'mongodb://a:b@one:27018,two/shop' }, ['one:27018/shop', 'two:27017/shop']],
  ['one address', { A: 'mongodb+srv://a:b@cluster.example.com/shop' }, ['cluster.example.com:27017/shop']],
  ['loopback', { A: 'postgres://a@127.0.0.1/shop', B: 'postgres://b:c@[::1]/shop' }, ['localhost:5432/shop']],
  ['the user’s own', { A: 'postgres://shop:x@db.example.com' }, ['db.example.com:5432/shop']],
  ['a host in the query', { A: 'postgres:///shop?host=db.example.com&port=6432' }, ['db.example.com:6432/shop']],
  ['libpq’s parts', { PGHOST: 'db.example.com', PGDATABASE: 'shop', PGPORT: '5433' }, ['db.example.com:5433/shop']],
  [
    'parts of an unknown kind',
    { DB_HOST: 'db.example.com', DB_NAME: 'shop' },
    ['db.example.com:3306/shop', 'db.example.com:5432/shop'],
  ],
  ['two', { A: 'mysql://x/one', B: 'postgres://y/two' }, ['x:3306/one', 'y:5432/two']],
])('finds %s', (_, variables, addresses) => {
  expect(databaseAddresses(variables)).toEqual(addresses);
});

it.each<[string, Record<string, string>]>([
  ['nothing', {}],
  ['files', { DATABASE_URL: 'file:./dev.db', OTHER: 'sqlite:///data/app.db' }],
  ['what is no database', { REDIS_URL: 'redis://cache/0', SITE: 'https://example.com/postgres', WORDS: 'postgres' }],
  ['sockets', { DATABASE_URL: 'postgres:///shop?host=/var/run/postgresql', PGHOST: '/tmp', PGDATABASE: 'shop' }],
  ['half of the parts', { PGHOST: 'db.example.com' }],
])('finds none in %s', (_, variables) => {
  expect(databaseAddresses(variables)).toEqual([]);
});
