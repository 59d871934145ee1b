import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TeamId } from '@switchyard/domain';
import type { Container } from 'dockerode';
import { makeCertificates } from '../local/certificates.ts';
import type { DownloadScope } from '../platform.ts';
import { type ArchivedFile, archiveOfFiles } from './archive.ts';
import { CACHES } from './container-scripts.ts';
import { type Volumes, workContainer } from './container-spec.ts';
import { type Engine, unlessMissing } from './engine.ts';
import { cachesVolume, LABEL, type Owner, PLACES, teamCachesVolume, toolsVolume } from './names.ts';
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

/** The farm's volumes: tools, downloads of our own, and downloads per team. */
export interface FarmVolumes extends Volumes {
  /** Resolves when both hold what every container expects there. `image` is any that is present: a handle to write through. */
  ready(image: string): Promise<void>;
  /** What a stage's container gets, ready for use. */
  forStage(image: string, downloads: DownloadScope): Promise<Volumes>;
}

export function openFarmVolumes(engine: Engine, owner: Owner, certificates: () => Promise<Certificates>): FarmVolumes {
  const volumes = { tools: toolsVolume(owner.farmId), caches: cachesVolume(owner.farmId) };
  let filled: Promise<void> | null = null;

  const ofTeams = new Map<string, Promise<void>>();

  async function fill(image: string, volumes: { tools: string; caches: string }): Promise<void> {
    // Creating a volume that exists answers with it.
    for (const Name of Object.values(volumes)) {
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
      filled ??= fill(image, volumes).catch((error: unknown) => {
        filled = null;
        throw error;
      });
      await filled;
    },
    async forStage(image, { teamId, trusted }) {
      const { tools } = volumes;
      if (!trusted) return { tools, caches: null };
      const caches = teamCachesVolume(owner.farmId, TeamId.parse(teamId));
      const known = ofTeams.get(caches) ?? fill(image, { tools, caches });
      ofTeams.set(caches, known);
      await known.catch((error: unknown) => {
        ofTeams.delete(caches);
        throw error;
      });
      return { tools, caches };
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
