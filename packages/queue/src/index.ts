export * from './store.ts';
export { openStore, type StoreOptions } from './open-store.ts';
