import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority that nobody trusts until told to, with a certificate that it has signed for 127.0.0.1. */
export interface TestAuthority {
  /** Of the authority itself, and those that the tests themselves need to reach a registry: a file as operators name it. */
  readonly certificateFile: string;
  readonly server: { readonly key: Buffer; readonly cert: Buffer };
  remove(): Promise<void>;
}

export async function createAuthority(): Promise<TestAuthority> {
  const directory = await mkdtemp(join(tmpdir(), 'authority-'));
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory });
  const authority = ['-subj', '/CN=Authority of a test', '-keyout', 'authority.key', '-out', 'authority.pem'];
  await openssl('req', '-x509', ...NEW_KEY, '-days', '2', ...authority);
  await openssl('req', ...NEW_KEY, '-subj', '/CN=A forge', '-keyout', 'server.key', '-out', 'server.csr');
  await writeFile(join(directory, 'server.ext'), 'subjectAltName=IP:127.0.0.1\n');
  const signed = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-extfile', 'server.ext'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signed, '-days', '2', '-out', 'server.pem');
  const [key, cert] = await Promise.all(['server.key', 'server.pem'].map((name) => readFile(join(directory, name))));
  if (key === undefined || cert === undefined) throw new Error('openssl has made no certificate');
  const usual = process.env['SWITCHYARD_EXTRA_CA_CERTS'] ?? process.env['NODE_EXTRA_CA_CERTS'];
  const files = [...(usual === undefined ? [] : [usual]), join(directory, 'authority.pem')];
  const certificateFile = join(directory, 'trusted.pem');
  await writeFile(certificateFile, (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n'));
  return {
    certificateFile,
    server: { key, cert },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
