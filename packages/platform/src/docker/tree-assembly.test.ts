import { describe, expect, it } from 'vitest';
import { planAssembly } from './tree-assembly.ts';

const layer = (id: string, bytes: number, base: string | null, only: readonly string[] | null = null) => ({
  image: { id, bytes, labels: base === null ? {} : { 'dev.switchyard.base': base } },
  only,
});

const ids = (layers: readonly { image: { id: string } }[]) => layers.map(({ image }) => image.id);

function planned(layers: Parameters<typeof planAssembly>[0]) {
  const { image, isNewTree, below, over } = planAssembly(layers, 'base');
  return { image, isNewTree, below: ids(below), over: ids(over) };
}

describe('how a tree is put together', () => {
  it('starts from the base where no layer lies on it, and lays all over it in turn', () => {
    expect(planned([layer('source', 1, null), layer('other', 2, 'another-base')])).toEqual({
      image: 'base',
      isNewTree: true,
      below: [],
      over: ['source', 'other'],
    });
  });

  it('starts from the dependencies, and puts the source below them', () => {
    expect(planned([layer('source', 1, null), layer('dependencies', 900, 'base')])).toEqual({
      image: 'dependencies',
      isNewTree: false,
      below: ['source'],
      over: [],
    });
  });

  it('starts from the largest of several, with the others on their sides of it', () => {
    const layers = [layer('a', 5, 'base'), layer('b', 9, 'base'), layer('c', 7, 'base')];
    expect(planned(layers)).toEqual({ image: 'b', isNewTree: false, below: ['a'], over: ['c'] });
  });

  it('does not start from a layer of which only a part is wanted', () => {
    expect(planned([layer('a', 5, 'base', ['package.json'])])).toEqual({
      image: 'base',
      isNewTree: true,
      below: [],
      over: ['a'],
    });
  });

  it('without layers is an empty tree on the base', () => {
    expect(planned([])).toEqual({ image: 'base', isNewTree: true, below: [], over: [] });
  });
});
