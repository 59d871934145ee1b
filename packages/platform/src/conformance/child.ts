import { z } from 'zod';
import { openPlatform } from '../open-platform.ts';
import type { InstanceSpec, PlatformOptions } from '../platform.ts';
import { run } from './subject.ts';

/**
 * A process that uses a platform and is then killed. `child.ts <JSON>`; prints `ready` when what it was asked to do goes on, and stays.
 */
export type Errand =
  | { readonly options: Omit<PlatformOptions, 'announce'>; readonly do: 'run'; readonly command: string }
  | { readonly options: Omit<PlatformOptions, 'announce'>; readonly do: 'start'; readonly spec: InstanceSpec };

const errand = z.custom<Errand>((value) => typeof value === 'object').parse(JSON.parse(process.argv[2] ?? '{}'));
const platform = await openPlatform({ ...errand.options, announce: () => {} });
const stay = setInterval(() => {}, 1_000);

if (errand.do === 'start') {
  await platform.runner.startInstance(errand.spec);
  console.log('ready');
} else {
  let said = false;
  await run(platform, [errand.command], {
    onOutput(text) {
      if (said || !text.includes('hiding')) return;
      said = true;
      console.log('ready');
    },
  });
  clearInterval(stay);
}
