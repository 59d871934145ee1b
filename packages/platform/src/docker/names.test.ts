import { describe, expect, it } from 'vitest';
import { farmName, processContainer, snapshotRepository } from './names.ts';

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

describe('names in the engine', () => {
  it('are legal for every farm id', () => {
    for (const id of ['farm_abc123', 'farm_ABCdef', 'farm_', '__x__', 'Farm--9.']) {
      expect(farmName(id), id).toMatch(COMPONENT);
      expect(snapshotRepository(id)).toMatch(/^[a-z0-9/_-]+$/);
    }
  });

  it('differ for farms whose ids differ in case alone', () => {
    expect(farmName('farm_abcdef')).not.toBe(farmName('farm_abcdeF'));
  });

  it('tell instances of two farms on one engine apart', () => {
    expect(processContainer('farm_aaaaaa', 'ins_aaaaaa')).not.toBe(processContainer('farm_bbbbbb', 'ins_aaaaaa'));
  });
});
