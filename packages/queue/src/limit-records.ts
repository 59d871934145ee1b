import { FARM_LIMIT_DEFAULTS, FarmLimits, OwnLimits, SwitchyardError } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { OutboxEntry } from './queues.ts';
import { split } from './script-answer.ts';
import type { LimitRecords } from './team-records.ts';

const OWN = ['slots', 'unfinished'] as const;

export function ownLimitsOf([slots, unfinished]: readonly (string | null | undefined)[]): OwnLimits {
  const value = (text: string | null | undefined) => (text == null ? null : Number(text));
  return OwnLimits.parse({ slots: value(slots), unfinished: value(unfinished) });
}

export function limitRecords(
  { redis, keys, run, clock }: StoreContext,
  handOn: (entries: readonly OutboxEntry[]) => Promise<void>,
): LimitRecords {
  async function set(
    scope: 'farm' | 'team' | 'app',
    id: string,
    patch: Readonly<Record<string, number | null | undefined>>,
  ): Promise<boolean> {
    const changes = Object.entries(patch).flatMap(([name, value]) => (value === undefined ? [] : [name, value ?? '']));
    const { values, entries } = split(await run('setLimits', clock(), scope, id, ...changes));
    await handOn(entries);
    return values[0] === 'set';
  }

  return {
    async ofFarm() {
      const stored = await redis.hgetall(keys.limits);
      const own = Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, Number(value)]));
      return FarmLimits.parse({ ...FARM_LIMIT_DEFAULTS, ...own });
    },

    async setOfFarm(patch) {
      await set('farm', '', patch);
    },

    async setOfTeam(id, patch) {
      if (!(await set('team', id, patch))) throw new SwitchyardError('team-not-found', `There is no team ${id}.`);
    },

    async ofApp(id) {
      return ownLimitsOf(await redis.hmget(keys.app(id), ...OWN));
    },

    async setOfApp(id, patch) {
      if (!(await set('app', id, patch))) throw new SwitchyardError('app-not-found', 'This app is gone.');
    },
  };
}
