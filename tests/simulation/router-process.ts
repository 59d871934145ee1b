import type { EnvironmentId, RouteId } from '@switchyard/domain';
import { storeOf } from './process-store.ts';
import type { Run } from './run.ts';
import { SimulatedProcess } from './simulated-process.ts';

const READ_EVERY_MS = 4_000;

/** A router that serves the table as it stands, and says so; away for a while now and then. */
export function startRouter(run: Run, number = 1): void {
  const { timeline, random } = run;
  const process = new SimulatedProcess(`router-${number}`, timeline);
  const store = storeOf(run, process);
  const processId = run.ids('proc');
  let acknowledged = '';

  const acknowledge = async (): Promise<void> => {
    const { routes } = await store.routing.table();
    const now = routes.map(({ environmentId, id }): [EnvironmentId, RouteId] => [environmentId, id]);
    const said = JSON.stringify(now);
    if (said === acknowledged) return;
    await store.routing.acknowledge(processId, { routes: new Map(now), inFlight: new Map() });
    acknowledged = said;
  };
  const look = (): void => void acknowledge().catch(() => undefined);

  run.router = {
    die: () => {
      process.die();
      timeline.plan(timeline.now + (run.weather.isOver ? 200 : random.between(1_000, 15_000)), () =>
        startRouter(run, number + 1),
      );
    },
  };
  process.run(() => {
    store.routing.onChange(look);
    setInterval(look, READ_EVERY_MS);
    const join = async (): Promise<void> => {
      await run.farm.store.processes.join({
        id: processId,
        kind: 'router',
        hostId: 'host_aaaaaa',
        pid: 1,
        version: '0',
        metrics: null,
        startedAt: timeline.now,
      });
    };
    void timeline.during(run.atRedis(join));
    look();
  });
}
