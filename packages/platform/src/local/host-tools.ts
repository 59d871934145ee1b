import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** What commands find beside their toolchain. */
export const COMMAND_PATH = [
  ...(process.platform === 'darwin' ? ['/opt/homebrew/bin'] : []),
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
].join(':');

const Package = z.object({ name: z.literal('npm'), version: z.string() });

export interface HostNpm {
  readonly version: string;
  /** `npm-cli.js` and its neighbour `npx-cli.js`, run by Node. */
  readonly script: string;
  readonly npx: string;
}

function npmAt(script: string): HostNpm | null {
  try {
    const real = realpathSync(script);
    const { version } = Package.parse(JSON.parse(readFileSync(join(dirname(real), '..', 'package.json'), 'utf8')));
    const npx = join(dirname(real), 'npx-cli.js');
    return existsSync(npx) ? { version, script: real, npx } : null;
  } catch {
    return null;
  }
}

/** The npm that came with the Node that runs this process, or the one in the usual places. */
export function findHostNpm(): HostNpm | null {
  const beside = dirname(realpathSync(process.execPath));
  const places = [
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...[dirname(process.execPath), beside, ...COMMAND_PATH.split(':')].map((directory) => join(directory, 'npm')),
  ];
  for (const place of places) {
    const found = npmAt(place);
    if (found !== null) return found;
  }
  return null;
}

/** `linux-x64-glibc`: what native code built here is bound to. */
export function hostTarget(): string {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return platform;
  // What this Node itself is linked with. (Its own report says it too, and asks name servers on the way.)
  return `${platform}-${readFileSync('/proc/self/maps', 'utf8').includes('musl') ? 'musl' : 'glibc'}`;
}
