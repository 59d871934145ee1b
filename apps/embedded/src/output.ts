import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import picocolors from 'picocolors';
import { formatHead, formatLogLine, formatPlainLine, isNoise, type LogLine, parseLogLine } from './log-lines.ts';

export interface Output {
  /** A line of ours about the system as a whole. */
  say(text: string): void;
  warn(text: string): void;
  /** Text as it is. */
  print(text: string): void;
  /** Shows what a process of ours writes. `onFatal` gets the message with which it gave up. */
  follow(child: ChildProcess, name: string, onFatal: (message: string) => void): void;
  /** What the worker says of this deployment is left out from now on, warnings aside: its stages are shown another way. */
  hush(deploymentId: string): void;
  nameDeployment(deploymentId: string, name: string): void;
}

/** Everything that `npm start` prints. NO_COLOR and FORCE_COLOR are respected, and no colour goes to what is no terminal. */
export function createOutput(write: (text: string) => void = (text) => void process.stdout.write(text)): Output {
  const colors = picocolors;
  const names = new Map<string, string>();
  const hushed = new Set<string>();
  const print = (text: string): void => write(`${text}\n`);
  const own = (text: string): void =>
    print(`${formatHead({ at: new Date(), process: 'start', stage: '' }, colors)}${text}`);

  const show = (line: LogLine): void => {
    if (line.deploymentId !== undefined && line.app !== undefined && line.number !== undefined)
      names.set(line.deploymentId, `${line.app} #${line.number}`);
    if (isNoise(line)) return;
    if (
      line.level === 'info' &&
      line.process === 'worker' &&
      line.deploymentId !== undefined &&
      hushed.has(line.deploymentId)
    )
      return;
    print(formatLogLine(line, { colors, nameOf: (id) => names.get(id) }));
  };

  return {
    say: own,
    warn: (text) => own(colors.yellow(text)),
    print,
    follow(child, name, onFatal) {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue;
        createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (text) => {
          const line = parseLogLine(text);
          if (line?.level === 'fatal')
            onFatal(line.err === undefined || line.code !== undefined ? (line.msg ?? '') : line.err.message);
          if (line !== null) show(line);
          else if (text.trim() !== '') print(formatPlainLine(text, name, new Date(), colors));
        });
      }
    },
    hush: (deploymentId) => void hushed.add(deploymentId),
    nameDeployment: (deploymentId, name) => void names.set(deploymentId, name),
  };
}
