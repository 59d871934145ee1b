import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Container } from 'dockerode';
import { makeCertificates } from '../local/certificates.ts';
import { type ArchivedFile, archiveOfFiles } from './archive.ts';
import { CACHES } from './container-scripts.ts';
import { type Volumes, workContainer } from './container-spec.ts';
import { type Engine, unlessMissing } from './engine.ts';
import { cachesVolume, LABEL, type Owner, PLACES, toolsVolume } from './names.ts';
import { removeContainer } from './work-container.ts';

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

/** The farm's two volumes. */
export interface FarmVolumes extends Volumes {
  /** Resolves when both hold what every container expects there. `image` is any that is present: a handle to write through. */
  ready(image: string): Promise<void>;
}

export function openFarmVolumes(engine: Engine, owner: Owner, certificates: () => Promise<Certificates>): FarmVolumes {
  const volumes = { tools: toolsVolume(owner.farmId), caches: cachesVolume(owner.farmId) };
  let filled: Promise<void> | null = null;

  async function fill(image: string): Promise<void> {
    // Creating a volume that exists answers with it.
    for (const Name of [volumes.tools, volumes.caches]) {
      await engine.createVolume({ Name, Labels: { [LABEL.farm]: owner.farmId } });
    }
    const container = await engine.createContainer(
      workContainer({ owner, role: 'tool', attempt: null, image, hidden: [], volumes }),
    );
    try {
      await fillVolumes(container, await certificates());
    } finally {
      await removeContainer(container);
    }
  }

  return {
    ...volumes,
    async ready(image) {
      filled ??= fill(image).catch((error: unknown) => {
        filled = null;
        throw error;
      });
      await filled;
    },
  };
}

/** A fresh volume is root's alone; what is put there belongs to the user of commands. */
async function fillVolumes(container: Container, certificates: Certificates): Promise<void> {
  const missing = [];
  for (const file of certificates.files) {
    if ((await unlessMissing(container.infoArchive({ path: `/${file.name}` }))) === null) missing.push(file);
  }
  const directories = [`${TOOLS_DIRECTORY.slice(1)}/`, ...CACHES.map((name) => `${PLACES.caches.slice(1)}/${name}/`)];
  const files = [...directories.map((name) => ({ name })), ...missing];
  await container.putArchive(archiveOfFiles(files), { path: '/' });
}
