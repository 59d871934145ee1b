import type { Container } from 'dockerode';
import { MEMORY_FILES, parseMemorySeen } from '../local/resources/cgroup-files.ts';
import { NOTHING_SEEN } from '../local/resources/enclosure.ts';
import type { MemorySeen } from '../platform.ts';
import { executeForText } from './exec.ts';
import { USER } from './names.ts';

const VERSIONS = [
  ['/sys/fs/cgroup', MEMORY_FILES[2]],
  ['/sys/fs/cgroup/memory', MEMORY_FILES[1]],
] as const;

/** Reads the container's own control group from inside: the engine tells neither a peak nor, of a command that it executes, how it ended. */
export async function memorySeenIn(container: Container): Promise<MemorySeen> {
  const reads = VERSIONS.map(
    ([place, { peak, events }]) =>
      `if [ -r ${place}/${events} ]; then cat ${place}/${peak} 2>/dev/null || echo; cat ${place}/${events}; exit; fi`,
  );
  try {
    const { text } = await executeForText(container, { command: ['/bin/sh', '-c', reads.join('\n')], user: USER });
    const [peak = '', ...events] = text.split('\n');
    return parseMemorySeen(peak, events.join('\n'));
  } catch {
    // It has ended meanwhile: nobody knows any more.
    return NOTHING_SEEN;
  }
}
