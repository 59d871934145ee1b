import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string() })).default([]),
    }),
  ),
});

export interface DashboardQuery {
  readonly panel: string;
  readonly expression: string;
}

/** Every query of the dashboard, with Grafana's variables put in as Grafana would: all apps, four scrapes as the rate interval. */
export async function dashboardQueries(): Promise<DashboardQuery[]> {
  const file = new URL('../../ops/grafana/dashboards/switchyard.json', import.meta.url);
  const { panels } = Dashboard.parse(JSON.parse(await readFile(file, 'utf8')));
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({
      panel: title,
      expression: expr.replaceAll('$__rate_interval', '40s').replaceAll('$app', '.*'),
    })),
  );
}

/** Names of the metrics that an expression asks for. */
export const metricsIn = (expression: string): string[] => [...new Set(expression.match(/\bswitchyard_\w+/g) ?? [])];
