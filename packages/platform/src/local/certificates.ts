import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { SwitchyardError } from '@switchyard/domain';

const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

async function systemBundle(): Promise<string> {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return await readFile(path, 'utf8');
    } catch {
      // The next distribution keeps it elsewhere; Node's own list is the last resort.
    }
  }
  return rootCertificates.join('\n');
}

/** Paths for programs that take more certificates (Node) and for programs that take another list (OpenSSL, Git). */
export interface Certificates {
  readonly extra: string;
  readonly all: string;
}

/** Writes the usual authorities and the extra ones into one bundle: most programs replace their list by the one they are given. */
export async function makeCertificates(dataDir: string, extraCaCerts: string | null): Promise<Certificates | null> {
  if (extraCaCerts === null) return null;
  let extra: string;
  try {
    extra = await readFile(extraCaCerts, 'utf8');
  } catch (error) {
    throw new SwitchyardError(
      'config-invalid',
      `The CA bundle ${extraCaCerts} can't be read. Check SWITCHYARD_EXTRA_CA_CERTS.`,
      {},
      error,
    );
  }
  const text = `${await systemBundle()}\n${extra}`;
  const directory = join(dataDir, 'certificates');
  await mkdir(directory, { recursive: true });
  const all = join(directory, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.pem`);
  const beside = `${all}.${randomBytes(6).toString('hex')}`;
  await writeFile(beside, text);
  await rename(beside, all);
  return { extra: extraCaCerts, all };
}

/** For commands: what Node and OpenSSL read. */
export function certificateVariables(certificates: Certificates | null): Record<string, string> {
  return certificates === null ? {} : { NODE_EXTRA_CA_CERTS: certificates.extra, SSL_CERT_FILE: certificates.all };
}
