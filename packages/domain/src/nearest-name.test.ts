import { expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

const NAMES = ['root', 'node', 'install', 'build', 'start', 'static', 'replicas'];

it.each([
  ['buld', 'build'],
  ['biuld', 'build'],
  ['strt', 'start'],
  ['Install', 'install'],
  ['installl', 'install'],
  ['replcas', 'replicas'],
  ['staic', 'static'],
  ['nod', 'node'],
])('%s is taken for %s', (word, meant) => {
  expect(nearestName(word, NAMES)).toBe(meant);
});

it.each(['', 'x', 'dockerfile', 'memory', 'nmoed'])('%s is taken for none', (word) => {
  expect(nearestName(word, NAMES)).toBeNull();
});
