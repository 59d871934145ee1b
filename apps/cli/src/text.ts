import { type AppSummary, type AppView, type DeploymentSummary, formatDuration, printable } from '@switchyard/client';
import type { DeploymentStatus } from '@switchyard/domain';
import type picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Rows with their columns in line. `plain` is what is measured, `shown` what is printed. */
export interface Cell {
  readonly plain: string;
  readonly shown?: string;
}

export function table(rows: readonly (readonly Cell[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.plain.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (cell.shown ?? cell.plain) + ' '.repeat((widths[column] ?? 0) - cell.plain.length))
      .join('  ')
      .trimEnd(),
  );
}

export function appRows(apps: readonly AppSummary[], nowMs: number, colors: Colors): string[] {
  const head = ['APP', 'LIVE', 'COMMIT', 'SINCE', 'URL'].map((plain) => ({ plain, shown: colors.dim(plain) }));
  return table([
    head,
    ...apps.map(({ name, live, url, stoppedAt }) => [
      { plain: name, shown: colors.bold(name) },
      live === null
        ? { plain: 'nothing', shown: colors.dim('nothing') }
        : stoppedAt === null
          ? { plain: `#${live.number}`, shown: colors.green(`#${live.number}`) }
          : { plain: `#${live.number} stopped`, shown: colors.yellow(`#${live.number} stopped`) },
      { plain: live?.commit?.sha.slice(0, 7) ?? '' },
      { plain: live?.liveAt == null ? '' : age(live.liveAt, nowMs) },
      { plain: url, shown: live === null ? colors.dim(url) : url },
    ]),
  ]);
}

export function deploymentRows(
  deployments: readonly DeploymentSummary[],
  liveId: string | null,
  nowMs: number,
  colors: Colors,
): string[] {
  return table(
    deployments.map((deployment) => [
      { plain: `#${deployment.number}`, shown: colors.bold(`#${deployment.number}`) },
      statusCell(deployment.status, colors),
      { plain: deployment.commit?.sha.slice(0, 7) ?? '' },
      { plain: cut(printable(deployment.commit?.message.split('\n')[0] ?? deployment.trigger), 48) },
      { plain: age(deployment.createdAt, nowMs), shown: colors.dim(age(deployment.createdAt, nowMs)) },
      { plain: duration(deployment), shown: colors.dim(duration(deployment)) },
      deployment.id === liveId ? { plain: 'live', shown: colors.green('live') } : { plain: '' },
    ]),
  );
}

export function appLines(app: AppView, colors: Colors): string[] {
  const row = (name: string, value: string): string => `${colors.dim(name.padEnd(12))} ${value}`;
  const live =
    app.live === null
      ? colors.dim('nothing')
      : `${colors.green(`#${app.live.number}`)}  ${app.live.commit?.sha.slice(0, 7) ?? ''}`;
  return [
    row('app', colors.bold(app.name)),
    row('url', app.url),
    ...app.hosts.slice(1).map((host) => row('host', printable(host))),
    row('live', app.stoppedAt === null ? live : `${live}  ${colors.yellow('stopped')}`),
    row('repository', repositoryWords(app)),
    ...(app.replicas === 1 ? [] : [row('replicas', String(app.replicas))]),
    ...app.instances.map(({ id, state, restarts }) =>
      row(
        'instance',
        `${state === 'healthy' ? colors.green(state) : colors.yellow(state)}  ${colors.dim(id)}${restarts === 0 ? '' : `  ${restarts} restarts`}`,
      ),
    ),
    ...(app.hold === null
      ? []
      : [
          row('hold', colors.yellow(printable(app.hold.reason))),
          row('', colors.dim(`\`switchyard resume ${app.name}\` lifts it`)),
        ]),
    ...(app.releases.length === 0
      ? []
      : [
          row(
            'roll back to',
            app.releases.map(({ number, pinned }) => `#${number}${pinned ? ' (pinned)' : ''}`).join(' '),
          ),
        ]),
  ];
}

function repositoryWords({ repository, branch }: AppView): string {
  if (repository === null) return 'none, deployed from folders';
  return `${printable(repository)}${branch === null ? '' : `  (${printable(branch)})`}`;
}

export function statusCell(status: DeploymentStatus, colors: Colors): Cell {
  const plain = status.replace('_', ' ');
  const paint =
    {
      succeeded: colors.green,
      failed: colors.red,
      timed_out: colors.red,
      running: colors.cyan,
      cancelling: colors.yellow,
    }[status as string] ?? colors.dim;
  return { plain, shown: paint(plain) };
}

/** `just now`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function age(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - atMs) / 1_000));
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

function duration({ startedAt, endedAt }: DeploymentSummary): string {
  return startedAt === null || endedAt === null ? '' : formatDuration(endedAt - startedAt);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
