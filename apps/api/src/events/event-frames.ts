import type { DeploymentEvent } from '@switchyard/domain';

/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

export const GREETING = `retry: ${RETRY_MS}\n\n`;
export const HEARTBEAT = ': still here\n\n';

const frames = new WeakMap<DeploymentEvent, string>();

/** The event as a server-sent one. Made once per event, however many read it. */
export function eventFrame(event: DeploymentEvent): string {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const frame = `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  frames.set(event, frame);
  return frame;
}
