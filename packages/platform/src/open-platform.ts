import { openDockerPlatform } from './docker/docker-platform.ts';
import { openLocalPlatform } from './local/local-platform.ts';
import type { Platform, PlatformOptions } from './platform.ts';

export { type Disk, openDisk } from './disk.ts';
export { openSources } from './git/open-sources.ts';
export { openUploads } from './git/open-uploads.ts';

/** Opens where work runs. Nothing is started and nothing is asked of the host before `check()` or the first call. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  switch (options.kind) {
    case 'local':
      return await openLocalPlatform(options);
    case 'docker':
      return await openDockerPlatform(options);
  }
}
