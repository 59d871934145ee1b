import type { InstanceId, OutputEvent } from '@switchyard/domain';

export interface OutputLine {
  readonly key: string;
  readonly at: number;
  /** The deployment's number. */
  readonly number: number;
  readonly instanceId: InstanceId;
  readonly text: string;
}

export type OutputLines = readonly OutputLine[];

export const NO_OUTPUT: OutputLines = [];

/** Lines that the page keeps. */
const MAX_LINES = 1_000;

/** Adds the lines of events; the oldest go where there are too many. */
export function withOutput(before: OutputLines, events: readonly OutputEvent[], maxLines = MAX_LINES): OutputLines {
  const added = events.flatMap(({ id, at, number, instanceId, lines }) =>
    lines.map((text, index) => ({ key: `${id}-${index}`, at, number, instanceId, text })),
  );
  return [...before, ...added].slice(-maxLines);
}
