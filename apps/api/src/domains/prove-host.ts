import { cutText, type Domain, SwitchyardError, VERIFICATION_LABEL } from '@switchyard/domain';
import type { LookUpTxt } from './dns-lookups.ts';
import { type FetchVerificationFile, type VerificationFile, verificationUrl } from './verification-file.ts';

/** Of records that hold something else, so many are shown. */
const SHOWN_RECORDS = 3;
const SHOWN_LENGTH = 80;

/** What proves a host: either of the two. */
export interface HostChallenge {
  readonly record: { readonly name: string; readonly type: 'TXT'; readonly value: string };
  readonly file: { readonly url: string; readonly content: string };
}

export function challengeOf({ host, token }: Pick<Domain, 'host' | 'token'>, port: number): HostChallenge {
  const value = `switchyard=${token}`;
  return {
    record: { name: `${VERIFICATION_LABEL}.${host}`, type: 'TXT', value },
    file: { url: verificationUrl(host, port).href, content: value },
  };
}

export interface ProofSources {
  readonly lookUpTxt: LookUpTxt;
  readonly fetchVerificationFile: FetchVerificationFile;
}

/**
 * Looks for the record, then for the file. Rejects with `domain-not-verified`, or `dns-unavailable` where the DNS did not answer and no
 * file proved it either; both say what was found.
 */
export async function proveHost(
  { host }: Pick<Domain, 'host'>,
  { record, file }: HostChallenge,
  { lookUpTxt, fetchVerificationFile }: ProofSources,
): Promise<void> {
  const records = await lookUpTxt(record.name).catch((error: unknown) => {
    if (error instanceof SwitchyardError && error.code === 'dns-unavailable') return error;
    throw error;
  });
  if (Array.isArray(records) && records.some((value) => value.trim() === record.value)) return;
  const found = await fetchVerificationFile(host);
  if ('content' in found && found.content === file.content) return;
  const aboutFile = `${file.url} ${fileFindings(found)}`;
  if (!Array.isArray(records))
    throw new SwitchyardError('dns-unavailable', `${records.message} ${aboutFile}`, {}, records);
  throw new SwitchyardError(
    'domain-not-verified',
    `The TXT record of ${record.name}, or the file at ${file.url}, must be ${record.value}. ${recordFindings(records)} ${aboutFile}`,
    { name: record.name, url: file.url, expected: record.value },
  );
}

const shown = (text: string): string => JSON.stringify(cutText(text, SHOWN_LENGTH));

function recordFindings(records: readonly string[]): string {
  return records.length === 0
    ? 'There is no such record yet; a new one can take some minutes to be seen.'
    : `The record is ${records.slice(0, SHOWN_RECORDS).map(shown).join(', ')}; a change can take as long as the old record’s time to live.`;
}

function fileFindings(file: VerificationFile): string {
  return 'problem' in file ? `${file.problem}.` : `holds ${shown(file.content)}.`;
}
