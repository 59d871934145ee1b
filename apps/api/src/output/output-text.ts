import type { OutputEvent } from '@switchyard/domain';

/** One line of output a line, and nothing else. */
export function outputText(events: readonly OutputEvent[]): string {
  return events.flatMap(({ lines }) => lines.map((line) => `${line.replaceAll(/[\r\n]+/g, ' ')}\n`)).join('');
}

const frames = new WeakMap<OutputEvent, string>();

/** As server-sent events. The text of an event is made once, however many read it. */
export function outputFrames(events: readonly OutputEvent[]): string {
  return events
    .map((event) => {
      const known = frames.get(event);
      if (known !== undefined) return known;
      const frame = `id: ${event.id}\nevent: output\ndata: ${JSON.stringify(event)}\n\n`;
      frames.set(event, frame);
      return frame;
    })
    .join('');
}
