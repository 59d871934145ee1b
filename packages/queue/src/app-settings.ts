import { AppSettings, replicasOf, SwitchyardError, type VersionedSettings } from '@switchyard/domain';
import { z } from 'zod';
import { appDocumentOf, appOf } from './apps.ts';
import type { StoreContext } from './context.ts';
import type { SettingsRecords } from './store-of-apps.ts';

/** Fields of the app's hash that settings are read from, always in one command. */
export const SETTINGS_FIELDS = ['doc', 'settings', 'settingsVersion', 'settingsAt'] as const;

/** Null where there is no such app. The branch stands in the app's own document. */
export function settingsOfFields([document, settings, version, at]: readonly (
  | string
  | null
)[]): VersionedSettings | null {
  if (document == null) return null;
  const { branch } = appOf(document, false);
  return {
    version: Number(version ?? 0),
    updatedAt: at == null ? null : Number(at),
    values: {
      ...AppSettings.parse(JSON.parse(settings ?? '{}')),
      ...(branch === null ? {} : { branch }),
    },
  };
}

export function settingsRecords({ redis, keys, run, clock, ids }: StoreContext): SettingsRecords {
  return {
    async get(id) {
      return settingsOfFields(await redis.hmget(keys.app(id), ...SETTINGS_FIELDS));
    },

    async replace(id, version, values) {
      const document = await redis.hget(keys.app(id), 'doc');
      if (document === null) throw gone();
      const { branch = null, ...others } = AppSettings.parse(values);
      const updatedAt = clock();
      // The document changes only together with the version, which the script compares.
      const app = { ...appOf(document, false), branch };
      const answer = z
        .int()
        .parse(
          await run(
            'replaceSettings',
            updatedAt,
            id,
            version,
            JSON.stringify(others),
            appDocumentOf(app),
            replicasOf(values),
            ids('ins'),
            ids('route'),
          ),
        );
      if (answer === -1) throw gone();
      return answer === 0 ? null : { version: answer, updatedAt, values };
    },
  };
}

function gone(): SwitchyardError {
  return new SwitchyardError('app-not-found', 'This app is gone.');
}
