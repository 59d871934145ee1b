import type { DeploymentEvent, LogEvent, StageName } from '@switchyard/domain';

/** Log events of one stage, or of all. */
export function logEventsOf(events: readonly DeploymentEvent[], stage: StageName | null): LogEvent[] {
  return events.filter(
    (event): event is LogEvent => event.type === 'log' && (stage === null || event.data.stage === stage),
  );
}

/** One line of output a line, and nothing else. */
export function logText(events: readonly LogEvent[]): string {
  return events.flatMap(({ data }) => data.lines.map((line) => `${line.replaceAll(/[\r\n]+/g, ' ')}\n`)).join('');
}

/** Whether nothing of this stage comes after these events. */
export function endsStage(events: readonly DeploymentEvent[], stage: StageName): boolean {
  return events.some((event) => {
    switch (event.type) {
      case 'stage.succeeded':
      case 'stage.skipped':
      case 'stage.cancelled':
      case 'stage.timed_out':
        return event.data.stage === stage;
      case 'stage.failed':
        return event.data.stage === stage && event.data.retryAt === null;
      case 'deployment.ended':
        return true;
      default:
        return false;
    }
  });
}
