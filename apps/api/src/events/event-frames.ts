import type { DeploymentEvent } from '@switchyard/domain';

/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

export const GREETING = `retry: ${RETRY_MS}\n\n`;
/** The last that a reader gets of an api that leaves: a browser, and our client, connect again with the last id that they have. */
export const FAREWELL = `retry: ${RETRY_MS}\n: this api is leaving; connect again\n\n`;
export const HEARTBEAT = ': still here\n\n';

const frames = new WeakMap<DeploymentEvent, Buffer>();

/** Events as server-sent ones. The bytes of an event are made once, however many read it. */
export function eventFrames(events: readonly DeploymentEvent[]): Buffer {
  const [only] = events;
  return only !== undefined && events.length === 1 ? frameOf(only) : Buffer.concat(events.map(frameOf));
}

function frameOf(event: DeploymentEvent): Buffer {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const frame = Buffer.from(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  frames.set(event, frame);
  return frame;
}
