import semver from 'semver';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Manifest } from './manifest.ts';

export interface VersionChoice {
  readonly version: string;
  readonly because: string;
}

/**
 * npm as the lines of Node bring it. A range, so that the one that is there already is taken; 12 leaves the dependencies' scripts out
 * unless they are approved, and no Node brings it yet.
 */
function npmOfNode(nodeWanted: string): string {
  const major = semver.minVersion(nodeWanted)?.major ?? 24;
  if (major >= 18) return '>=10 <12';
  return major >= 16 ? '8' : '6';
}

/**
 * npm by its lockfile: generation 1 is npm 5 and 6 (which know no peer conflicts, and which Node 24 still runs), 2 is npm 7 and 8,
 * 3 is npm 9 and later.
 */
export function npmVersion(lockText: string | null, nodeWanted: string): VersionChoice {
  const generation = /"lockfileVersion"\s*:\s*(\d+)/.exec(lockText?.slice(0, 4096) ?? '')?.[1];
  const native = npmOfNode(nodeWanted);
  if (generation === '1') return { version: '6', because: 'package-lock.json is of generation 1, which npm 6 writes' };
  if (generation === '2')
    return { version: '8', because: 'package-lock.json is of generation 2, which npm 7 and 8 write' };
  return { version: native, because: `Node ${nodeWanted} comes with one of these` };
}

/**
 * pnpm by its lockfile. A frozen install with the wrong major is a hard error. 9.0 is written by 9, 10 and 11: 10 is taken where
 * something is there that only it reads, else 9, which builds native dependencies without asking for an approval nobody gave.
 */
export function pnpmVersion(
  lockText: string | null,
  manifest: Manifest,
  workspaceText: string | null,
  nodeWanted: string,
): VersionChoice {
  const generation = /^lockfileVersion:\s*['"]?([\d.]+)/m.exec(lockText?.slice(0, 4096) ?? '')?.[1];
  const old = { '5.3': '6', '5.4': '7', '6.0': '8', '6.1': '8' }[generation ?? ''];
  if (old !== undefined) return { version: old, because: `pnpm-lock.yaml is of generation ${generation}` };
  const lowestNode = semver.minVersion(nodeWanted)?.major ?? 24;
  if (lowestNode < 18) return { version: '8', because: `pnpm 9 and later do not run on Node ${nodeWanted}` };
  const why = signOfPnpm10(lockText, manifest, workspaceText);
  if (why !== null) return { version: '10', because: why };
  if (generation === undefined) return { version: '10', because: 'no lockfile says otherwise' };
  return { version: '9', because: `pnpm-lock.yaml is of generation ${generation}, and nothing in it needs pnpm 10` };
}

function signOfPnpm10(lockText: string | null, manifest: Manifest, workspaceText: string | null): string | null {
  if (manifest.pnpm?.onlyBuiltDependencies !== undefined) return 'package.json approves build scripts, as pnpm 10 asks';
  try {
    const workspace = z.record(z.string(), z.unknown()).safeParse(parseYaml(workspaceText ?? '') ?? {});
    const settings = workspace.success
      ? Object.keys(workspace.data).filter((key) => !['packages', 'catalog', 'catalogs'].includes(key))
      : [];
    if (settings.length > 0) return `pnpm-workspace.yaml holds settings (${settings.join(', ')}), which pnpm 10 reads`;
  } catch {
    return null;
  }
  // pnpm 10 names patches by SHA-256, 9 by a shorter hash; each refuses the other's in a frozen install.
  const head = /^patchedDependencies:\n(?: .*\n)+/m.exec(lockText ?? '')?.[0];
  return head !== undefined && /\b[0-9a-f]{64}\b/.test(head) ? 'pnpm-lock.yaml names patches as pnpm 10 does' : null;
}

/** yarn by its lockfile: `__metadata` is berry's, 8 and later of it yarn 4's. */
export function yarnVersion(lockText: string | null, hasBerrySettings: boolean): VersionChoice {
  const head = lockText?.slice(0, 4096) ?? '';
  const metadata = /^__metadata:\s*\n\s+version:\s*(\d+)/m.exec(head)?.[1];
  if (metadata !== undefined) {
    const generation = Number(metadata);
    const version = generation >= 8 ? '4' : generation >= 5 ? '3' : '2';
    return { version, because: `yarn.lock is of generation ${metadata}` };
  }
  if (lockText !== null && lockText.includes('# yarn lockfile v1')) {
    return { version: '1', because: 'yarn.lock is of yarn 1' };
  }
  return hasBerrySettings
    ? { version: '4', because: '.yarnrc.yml is read by yarn 2 and later' }
    : { version: '1', because: 'nothing asks for yarn 2 or later' };
}

export function bunVersion(): VersionChoice {
  return { version: '1', because: 'the current major' };
}
