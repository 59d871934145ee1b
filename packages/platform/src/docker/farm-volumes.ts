import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { makeCertificates } from '../local/certificates.ts';
import type { Container } from 'dockerode';
import { type ArchivedFile, archiveOfFiles } from './archive.ts';
import { CACHES } from './container-scripts.ts';
import type { Volumes } from './container-spec.ts';
import { type Engine, unlessMissing } from './engine.ts';
import { cachesVolume, LABEL, PLACES, toolsVolume } from './names.ts';

export const TOOLS_DIRECTORY = `${PLACES.tools}/tools`;

export interface Certificates {
  readonly files: readonly ArchivedFile[];
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The certificates as files of the tools volume, named by their content, and the variables that point there. Copied, not mounted: the
 * path that we were given is one of this process's file system, which need not be the engine's.
 */
export async function certificatesFor(dataDir: string, extraCaCerts: string | null): Promise<Certificates> {
  const made = await makeCertificates(dataDir, extraCaCerts);
  if (made === null) return { files: [], variables: {} };
  const [extra, all] = await Promise.all(
    [made.extra, made.all].map(async (path) => certificateFile(await readFile(path))),
  );
  if (extra === undefined || all === undefined) return { files: [], variables: {} };
  return {
    files: [extra, all],
    variables: {
      NODE_EXTRA_CA_CERTS: `/${extra.name}`,
      SSL_CERT_FILE: `/${all.name}`,
    },
  };
}

function certificateFile(content: Buffer): ArchivedFile {
  const name = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return { name: `${PLACES.tools.slice(1)}/certificates/${name}.pem`, content };
}

export function volumesOf(farmId: string): Volumes {
  return { tools: toolsVolume(farmId), caches: cachesVolume(farmId) };
}

/** Creating a volume that exists answers with it. */
export async function createVolumes(engine: Engine, farmId: string): Promise<void> {
  const volumes = volumesOf(farmId);
  for (const Name of [volumes.tools, volumes.caches])
    await engine.createVolume({ Name, Labels: { [LABEL.farm]: farmId } });
}

/** Puts what every container expects in the volumes there; `container` has both, writable. A fresh volume is root's alone. */
export async function fillVolumes(container: Container, certificates: Certificates): Promise<void> {
  const missing = [];
  for (const file of certificates.files) {
    if ((await unlessMissing(container.infoArchive({ path: `/${file.name}` }))) === null) missing.push(file);
  }
  const directories = [`${TOOLS_DIRECTORY.slice(1)}/`, ...CACHES.map((name) => `${PLACES.caches.slice(1)}/${name}/`)];
  const files = [...directories.map((name) => ({ name })), ...missing];
  await container.putArchive(archiveOfFiles(files), { path: '/' });
}
