import { basename, dirname, join } from 'node:path';
import { isErrno } from '../disk.ts';
import {
  type Controller,
  type Hierarchy,
  limitSettings,
  MEMORY_FILES,
  PROCESSES_GROUP,
  parseMemorySeen,
} from './cgroup-files.ts';
import {
  groupsIn,
  makeGroup,
  processesIn,
  readGroupFile,
  removeEmptyGroups,
  removeGroup,
  writeGroupFile,
} from './cgroup-group.ts';
import { NOTHING_SEEN, type ResourceControl } from './enclosure.ts';
import { entering } from './entering.ts';

/** A hierarchy and the group in it below which ours are made. */
export interface CgroupPlace {
  readonly hierarchy: Hierarchy;
  readonly parent: string;
}

const OURS = 'switchyard';

/** Hands controllers on to the groups below. */
async function enable(group: string, controllers: readonly Controller[]): Promise<void> {
  const enabled = (await readGroupFile(join(group, 'cgroup.subtree_control')))?.trim().split(/\s+/) ?? [];
  const missing = controllers.filter((name) => !enabled.includes(name));
  if (missing.length === 0) return;
  await writeGroupFile(group, 'cgroup.subtree_control', missing.map((name) => `+${name}`).join(' '));
}

/** As `enable`. All processes of a service's own group are the service's: they step aside where that is in the way. */
async function enableInParent({ hierarchy, parent }: CgroupPlace): Promise<void> {
  try {
    await enable(parent, hierarchy.controllers);
  } catch (error) {
    const isService = parent === hierarchy.mountPoint || basename(parent).endsWith('.service');
    if (!isErrno(error, 'EBUSY') || !isService) throw error;
    const aside = join(parent, PROCESSES_GROUP);
    await makeGroup(aside);
    for (const pid of await processesIn(parent)) await writeGroupFile(aside, 'cgroup.procs', String(pid));
    await enable(parent, hierarchy.controllers);
  }
}

/** Control groups of a farm: `<parent>/switchyard/<farm>/<name>` in each hierarchy. */
export function openCgroupControl(farmId: string, places: readonly CgroupPlace[]): ResourceControl {
  const farmIn = ({ parent }: CgroupPlace) => join(parent, OURS, farmId);
  const groupsOf = (name: string) => places.map((place) => join(farmIn(place), name));

  async function makeFarm(place: CgroupPlace): Promise<void> {
    const farm = farmIn(place);
    if (place.hierarchy.version === 2) await enableInParent(place);
    await makeGroup(farm);
    if (place.hierarchy.version === 1) return;
    await enable(dirname(farm), place.hierarchy.controllers);
    await enable(farm, place.hierarchy.controllers);
  }

  async function remove(name: string): Promise<void> {
    for (const group of groupsOf(name)) await removeGroup(group);
  }

  return {
    mode: places.some(({ hierarchy }) => hierarchy.version === 1) ? 'cgroup1' : 'cgroup2',
    async enclose(name, limits, options) {
      for (const place of places) {
        const group = join(farmIn(place), name);
        await makeFarm(place);
        await makeGroup(group);
        for (const { file, value, optional } of limitSettings(place.hierarchy, limits, options)) {
          try {
            await writeGroupFile(group, file, value);
          } catch (error) {
            if (!optional) throw error;
          }
        }
      }
      return { prefix: entering(groupsOf(name), limits) };
    },
    async seen(name) {
      const place = places.find(({ hierarchy }) => hierarchy.controllers.includes('memory'));
      if (place === undefined) return NOTHING_SEEN;
      const { peak, events } = MEMORY_FILES[place.hierarchy.version];
      const group = join(farmIn(place), name);
      return parseMemorySeen(await readGroupFile(join(group, peak)), await readGroupFile(join(group, events)));
    },
    watch: () => () => {},
    remove,
    async list() {
      return [...new Set((await Promise.all(places.map((place) => groupsIn(farmIn(place))))).flat())];
    },
    async close() {
      for (const place of places) await removeEmptyGroups(farmIn(place), 2);
    },
  };
}
