/** Ports where none is named, by the scheme of the address. */
const PORTS: Readonly<Record<string, number>> = {
  postgres: 5432,
  postgresql: 5432,
  postgis: 5432,
  cockroachdb: 26_257,
  mysql: 3306,
  mysql2: 3306,
  mariadb: 3306,
  mongodb: 27_017,
  sqlserver: 1433,
  mssql: 1433,
};

/** Variables that name a database in parts, as libpq, container images and frameworks know them. */
const PARTS = [
  { host: ['PGHOST'], port: ['PGPORT'], database: ['PGDATABASE'], ports: [5432] },
  { host: ['POSTGRES_HOST'], port: ['POSTGRES_PORT'], database: ['POSTGRES_DB', 'POSTGRES_DATABASE'], ports: [5432] },
  { host: ['MYSQL_HOST'], port: ['MYSQL_PORT', 'MYSQL_TCP_PORT'], database: ['MYSQL_DATABASE'], ports: [3306] },
  // Of which kind it is nobody says: without a port it may be either.
  { host: ['DB_HOST'], port: ['DB_PORT'], database: ['DB_NAME', 'DB_DATABASE'], ports: [5432, 3306] },
] as const;

/**
 * The databases that variables name, each as `host:port/database`: by a value that is a database's URL, whatever the variable is called, or in
 * parts. Without users and passwords, since two apps may have one each. What can't be seen from outside (a file of SQLite) is not among them.
 */
export function databaseAddresses(variables: Readonly<Record<string, string>>): string[] {
  const found = new Set<string>();
  for (const value of Object.values(variables)) for (const address of addressesOfUrl(value.trim())) found.add(address);
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => variables[name]).find((value) => value !== undefined && value !== '');
  for (const { host, port, database, ports } of PARTS) {
    const [where, name, at] = [first(host), first(database), first(port)];
    // A host that is a path is a socket of this machine.
    if (where === undefined || name === undefined || where.startsWith('/')) continue;
    for (const one of at === undefined ? ports : [at]) found.add(addressOf(where, one, name));
  }
  return [...found].sort();
}

/** Several where it names several hosts. Passwords may hold what a URL may not: the last `@` before the query ends them. */
function addressesOfUrl(value: string): string[] {
  const [, scheme = '', rest = ''] = /^(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?:\/\/(.*)$/is.exec(value) ?? [];
  const port = PORTS[scheme.toLowerCase()];
  if (port === undefined) return [];
  const [, userInfo = '', hosts = '', path = '', query = ''] =
    /^(?:([^?]*)@)?([^/?#;@]*)(?:\/([^?#;]*))?[;?]?(.*)$/s.exec(rest) ?? [];
  const parameters = new URLSearchParams(query.replaceAll(';', '&'));
  const user = userInfo.split(':', 1)[0] ?? '';
  const database = decoded(path.split('/', 1)[0] ?? '') || parameters.get('database') || decoded(user);
  const named = hosts === '' ? (parameters.get('host') ?? '') : hosts;
  return named
    .split(',')
    .filter((host) => host !== '' && !host.startsWith('/'))
    .map((host) => {
      const [, name = '', own] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(decoded(host)) ?? [];
      return addressOf(name, own ?? parameters.get('port') ?? port, database);
    });
}

function addressOf(host: string, port: number | string, database: string): string {
  const name = host
    .replaceAll(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const isLoopback = name === 'localhost' || name === '::1' || /^127(?:\.\d+){3}$/.test(name);
  return `${isLoopback ? 'localhost' : name}:${port}/${database}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
