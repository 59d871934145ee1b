export { ApiError } from './api-error.ts';
export { type Client, type ClientOptions, createClient, type LogOptions, type TaggedSettings } from './client.ts';
export type { TailOptions } from './event-tail.ts';
export * from './shapes.ts';
export * from './source-shapes.ts';
export { diagnosisLines, formatDuration, type LineColors, printable, stageLines } from './stage-lines.ts';
export * from './webhook-shapes.ts';
