import type { Clock, FarmId, Ids } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Blobs, Log, LogArchive, OutputArchive, ProcessLife, SecretBox } from '@switchyard/service';
import type { Registry } from 'prom-client';
import type { LookUpTxt } from './domains/dns-lookups.ts';
import type { FetchVerificationFile } from './domains/verification-file.ts';
import type { Readers } from './events/readers.ts';
import type { Sessions } from './session.ts';
import type { UploadSlots } from './uploads/upload-slots.ts';
import type { WebhookSecrets } from './webhooks/webhook-secrets.ts';

/** What answers need beside the request. */
export interface ApiParts {
  readonly store: Store;
  readonly archive: LogArchive;
  readonly outputArchive: OutputArchive;
  readonly lookUpTxt: LookUpTxt;
  readonly fetchVerificationFile: FetchVerificationFile;
  /** Where uploads are kept. */
  readonly blobs: Blobs;
  /** Seals and opens the variables of apps. */
  readonly secretBox: SecretBox;
  readonly farmId: FarmId;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Registry;
  readonly sessions: Sessions;
  readonly webhooks: WebhookSecrets;
  readonly readers: Readers;
  readonly life: Pick<ProcessLife, 'state'>;
  readonly uploadSlots: UploadSlots;
  readonly settings: ApiSettings;
  /** The API's description, made when it is first asked for. */
  readonly describe: () => object;
}

export interface ApiSettings {
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly appsDomain: string;
  readonly routerPort: number;
  /** On which hosts are asked for the file that proves them. */
  readonly verificationPort: number;
  readonly allowFileRepositories: boolean;
  /** The built dashboard; need not exist. */
  readonly dashboardDirectory: string;
}
