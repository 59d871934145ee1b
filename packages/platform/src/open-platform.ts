import { SwitchyardError } from '@switchyard/domain';
import { openLocalPlatform } from './local/local-platform.ts';
import type { Platform, PlatformOptions } from './platform.ts';

export { openSources } from './git/open-sources.ts';

/** Opens where work runs. Nothing is started and nothing is asked of the host before `check()` or the first call. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  switch (options.kind) {
    case 'local':
      return await openLocalPlatform(options);
    case 'docker':
      throw new SwitchyardError(
        'engine-unavailable',
        'The docker platform is not built in yet. Set SWITCHYARD_PLATFORM=local.',
      );
  }
}
