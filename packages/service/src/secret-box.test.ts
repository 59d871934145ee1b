import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecretBox, type Place, secretBox } from './secret-box.ts';

const PLACE: Place = { farmId: 'farm_aaaaaa', appId: 'app_aaaaaa', environmentId: 'env_aaaaaa', name: 'TOKEN' };
const box = secretBox(Buffer.alloc(32, 1));
const unreadable = expect.objectContaining({ code: 'variables-unreadable' });

describe('a sealed value', () => {
  it('opens to what it was, and does not show it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(box.open(PLACE, box.seal(PLACE, value))).toBe(value);
      }),
    );
    expect(box.seal(PLACE, 'hunter22hunter22')).not.toContain('hunter22');
  });

  it('looks different every time', () => {
    expect(box.seal(PLACE, 'a')).not.toBe(box.seal(PLACE, 'a'));
  });

  it.each(Object.keys(PLACE))('does not open in another place: %s', (field) => {
    const sealed = box.seal(PLACE, 'value');
    expect(() => box.open({ ...PLACE, [field]: `${PLACE[field as keyof Place]}x` }, sealed)).toThrow(unreadable);
  });

  it('does not open with another key', () => {
    expect(() => secretBox(Buffer.alloc(32, 2)).open(PLACE, box.seal(PLACE, 'value'))).toThrow(unreadable);
  });

  it('does not open when any of its bytes was changed, or some are missing', () => {
    const [form, text = ''] = box.seal(PLACE, 'value').split('.');
    const bytes = Buffer.from(text, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => box.open(PLACE, `${form}.${changed.toString('base64url')}`)).toThrow(unreadable);
      const cut = bytes.subarray(0, index).toString('base64url');
      expect(() => box.open(PLACE, `${form}.${cut}`)).toThrow(unreadable);
    }
    expect(() => box.open(PLACE, `v2.${text}`)).toThrow(unreadable);
    expect(() => box.open(PLACE, '')).toThrow(unreadable);
  });

  it('names the variable when it does not open, not its value', () => {
    const sealed = box.seal(PLACE, 'hunter22');
    expect(() => secretBox(Buffer.alloc(32, 2)).open(PLACE, sealed)).toThrow(/The variable TOKEN .*secret-key/);
  });
});

it('a fingerprint is the same for the same text and key alone', () => {
  expect(box.fingerprint('a')).toBe(secretBox(Buffer.alloc(32, 1)).fingerprint('a'));
  expect(box.fingerprint('a')).not.toBe(box.fingerprint('b'));
  expect(box.fingerprint('a')).not.toBe(secretBox(Buffer.alloc(32, 2)).fingerprint('a'));
});

describe('the key file', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'secret-'));
    file = join(directory, 'secret-key');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is made once, for its owner alone, whoever is first of many', async () => {
    const boxes = await Promise.all(Array.from({ length: 20 }, () => openSecretBox(file)));
    const sealed = boxes[0]?.seal(PLACE, 'value') ?? '';
    for (const other of [...boxes, await openSecretBox(file)]) expect(other.open(PLACE, sealed)).toBe('value');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('is refused when it holds something else, and left as it is', async () => {
    await writeFile(file, 'hunter22');
    await expect(openSecretBox(file)).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(openSecretBox(file)).rejects.not.toThrow(/hunter22/);
    expect(await readFile(file, 'utf8')).toBe('hunter22');
  });
});
