import { HealthFailure } from '@switchyard/domain';
import { detailsOf } from './details-of.ts';
import type { Failure } from './failure.ts';
import type { Output } from './output.ts';
import type { Details, Finding, Words } from './rule.ts';
import { tellingLines } from './unknown.ts';

interface Case {
  readonly cause: string;
  /** Low where the app's own output knows more, high where only the platform can know. */
  readonly score: number;
  readonly words: (details: Details, failure: Failure) => Words;
}

const text = (value: Details[string] | undefined, otherwise: string): string =>
  value === undefined ? otherwise : String(value);

const CASES: Readonly<Record<HealthFailure, Case>> = {
  exited: {
    cause: 'app_crash',
    score: 50,
    words: ({ exit, restarts }) => ({
      title:
        exit === 0
          ? 'The app ended by itself instead of serving'
          : `The app crashed at start${exit === undefined ? '' : ` (exit ${exit})`}`,
      explanation: `The process ended before it answered its health check${restarts === undefined || restarts === 0 ? '' : `, after ${restarts} restarts`}.`,
      fix:
        exit === 0
          ? 'See that the start command runs the server itself and stays in the foreground.'
          : 'Read the error in the lines below; start the built app with the same command and variables on your machine to see it there.',
    }),
  },
  'nothing-listens': {
    cause: 'health_not_reachable',
    score: 75,
    words: ({ port }, failure) => ({
      title: 'The app runs, and listens on no port',
      explanation: `Within ${seconds(failure)} no process of the app opened a port${port === undefined ? '' : `; it was told to use ${port}`}.`,
      fix: 'Make the app call `listen` on `process.env.PORT`; if it waits for something first (a database, a cache), see in its output for what.',
    }),
  },
  'wrong-port': {
    cause: 'health_not_reachable',
    score: 85,
    words: ({ port, listensOn }) => ({
      title: `The app listens on ${text(listensOn, 'another port')}, PORT is ${text(port, 'another')}`,
      explanation: 'Visitors are sent to the port that the app is told to use in the variable PORT.',
      fix: `Use \`process.env.PORT\` in the app's call of \`listen\` instead of ${text(listensOn, 'a fixed number')}.`,
    }),
  },
  'loopback-only': {
    cause: 'health_not_reachable',
    score: 85,
    words: ({ listensOn }) => ({
      title: `The app listens on ${text(listensOn, '127.0.0.1')} only`,
      explanation: 'In a container 127.0.0.1 is the container itself: nobody outside of it reaches the app.',
      fix: 'Listen on 0.0.0.0, for example `app.listen(process.env.PORT, "0.0.0.0")`.',
    }),
  },
  'error-status': {
    cause: 'health_bad_status',
    score: 65,
    words: ({ path, status }) => ({
      title: `${text(path, 'The health path')} answered ${text(status, 'with an error')}`,
      explanation:
        status === 404
          ? 'The app answers, and does not know this path.'
          : 'The app answers, and reports by its status that it can’t serve.',
      fix:
        status === 404
          ? `Add a route for ${text(path, 'the path')}, or set \`health.path\` in switchyard.json to one that the app has.`
          : 'See in the app’s output what went wrong while it answered. A path that needs a login is no health path: set `health.path` in switchyard.json.',
    }),
  },
  'too-slow': {
    cause: 'health_timeout',
    score: 65,
    words: ({ path }, failure) => ({
      title: `${text(path, 'The health path')} did not answer in time`,
      explanation: `The app accepted connections and gave no healthy answer within ${seconds(failure)}.`,
      fix: 'Make the health path answer without slow work, or raise `health.timeLimitMs` in switchyard.json if the app needs longer to start.',
    }),
  },
  'not-http': {
    cause: 'health_bad_status',
    score: 80,
    words: ({ port }) => ({
      title: `What answers on port ${text(port, 'PORT')} is not HTTP`,
      explanation: 'The answer could not be read as HTTP. A server that speaks TLS itself looks like this.',
      fix: 'Serve plain HTTP on PORT: encryption is done in front of the app.',
    }),
  },
  'not-started': {
    cause: 'app_not_started',
    score: 75,
    words: () => ({
      title: 'The app could not be started',
      explanation: 'The start command itself could not be run.',
      fix: 'Check the start command in the plan: does the file or program exist in what was built?',
    }),
  },
};

/** An instance that did not become healthy: what the health check saw, unless the app's own output explains it better. */
export function findingOfHealth(failure: Failure, output: Output): Finding {
  const { error, context } = failure;
  const given = detailsOf(error?.details ?? {});
  const seen = HealthFailure.safeParse(given['failure'] ?? context.health?.failure);
  const kind = seen.success ? seen.data : 'too-slow';
  const first = context.listening?.[0];
  const exit = given['exit'] ?? given['exitCode'] ?? context.lastExit?.code ?? undefined;
  const details = compact({
    failure: kind,
    port: given['port'] ?? context.port,
    listensOn: given['listensOn'] ?? (first === undefined ? undefined : `${first.host}:${first.port}`),
    path: given['path'] ?? context.health?.path ?? undefined,
    status: given['status'] ?? context.health?.status ?? undefined,
    exit,
    signal: given['signal'] ?? context.lastExit?.signal ?? undefined,
    restarts: given['restarts'] ?? context.restarts,
  });
  const entry = CASES[kind];
  const words = entry.words(details, failure);
  const message = error?.message ?? context.health?.message;
  return {
    cause: kind === 'exited' && exit === 0 ? 'app_exited_early' : entry.cause,
    fault: 'user',
    details,
    score: entry.score,
    title: words.title,
    explanation: message === undefined || message === '' ? words.explanation : `${words.explanation} ${message}`,
    fix: words.fix,
    evidence: tellingLines(output).slice(0, 3),
  };
}

function seconds({ context }: Failure): string {
  const limit = context.timeLimitMs ?? context.plan?.health.timeLimitMs;
  return limit === undefined ? 'its time limit' : `${Math.round(limit / 100) / 10} s`;
}

function compact(values: Readonly<Record<string, string | number | boolean | undefined>>): Details {
  const known = Object.entries(values).flatMap(([name, value]): [string, string | number | boolean][] =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(known);
}
