export { detect } from './detect.ts';
export type { FileTree } from './file-tree.ts';
