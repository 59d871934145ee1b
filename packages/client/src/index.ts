export { ApiError } from './api-error.ts';
export {
  type Client,
  type ClientOptions,
  createClient,
  type LogOptions,
  type OutputOptions,
  type TaggedSettings,
} from './client.ts';
export * from './domain-shapes.ts';
export type { TailOptions } from './event-tail.ts';
export * from './shapes.ts';
export * from './source-shapes.ts';
export { diagnosisLines, formatDuration, type LineColors, printable, stageLines } from './stage-lines.ts';
export * from './team-shapes.ts';
export * from './upload-shapes.ts';
export * from './webhook-shapes.ts';
