import { SwitchyardError } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { challengeOf, proveHost } from './prove-host.ts';
import type { VerificationFile } from './verification-file.ts';

const domain = { host: 'shop.example.test', token: '4f0c' };
const challenge = challengeOf(domain, 80);

/** What became of it, and whether the file was asked for. */
async function prove(records: readonly string[] | Error, file: VerificationFile) {
  let asked = false;
  const outcome = await proveHost(domain, challenge, {
    async lookUpTxt() {
      if (records instanceof Error) throw records;
      return [...records];
    },
    async fetchVerificationFile() {
      asked = true;
      return file;
    },
  }).then(
    () => 'proved' as const,
    (error: unknown) => error,
  );
  return { outcome, asked };
}

const missing: VerificationFile = { problem: 'answers with status 404' };
const failing = new SwitchyardError('dns-unavailable', 'The DNS gave no answer.');

describe('a host', () => {
  it('has one text for both of its proofs', () => {
    expect(challenge).toEqual({
      record: { name: '_switchyard.shop.example.test', type: 'TXT', value: 'switchyard=4f0c' },
      file: {
        url: 'http://shop.example.test/.well-known/switchyard-verification.txt',
        content: 'switchyard=4f0c',
      },
    });
  });

  it('is proved by its record, and then not asked for the file', async () => {
    expect(await prove(['x', ' switchyard=4f0c '], missing)).toEqual({ outcome: 'proved', asked: false });
  });

  it.each([[[]], [['switchyard=old']], [failing]])('is proved by its file when the DNS says %j', async (records) => {
    expect(await prove(records, { content: 'switchyard=4f0c' })).toEqual({ outcome: 'proved', asked: true });
  });

  it('is not proved by a text around the token', async () => {
    const { outcome } = await prove(['xswitchyard=4f0c'], { content: '<p>switchyard=4f0c</p>' });
    expect(outcome).toMatchObject({
      code: 'domain-not-verified',
      message: expect.stringMatching(/The record is "xswitchyard=4f0c".*txt holds "<p>switchyard=4f0c<\/p>"\./),
    });
  });

  it('that nothing proves is told what was found in both places, and no more of it than fits', async () => {
    const { outcome } = await prove([], { content: 'x'.repeat(1_000) });
    expect(outcome).toMatchObject({
      message: expect.stringMatching(/There is no such record yet.*holds "x{1,40} … x{1,40}"\./),
    });
    expect((await prove(failing, missing)).outcome).toMatchObject({
      code: 'dns-unavailable',
      message: expect.stringContaining('status 404'),
    });
  });
});
