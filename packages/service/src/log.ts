import { type Logger, pino } from 'pino';

export type Log = Logger;

/** Paths whose values are never written, wherever an object is logged. */
const REDACTED = ['authorization', 'cookie', 'token', 'password', 'secret', 'redisUrl', 'env', 'variables'];

/**
 * The process's log: one JSON object a line on stdout, with the process's kind, and `deploymentId`, `stage`, `instanceId`, `requestId`
 * where they apply. Secrets are left out by name here and never logged by value.
 */
export function createLog(options: { process: string; level: string }): Log {
  return pino({
    level: options.level,
    base: { process: options.process, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [...REDACTED, ...REDACTED.map((name) => `*.${name}`), 'req.headers.authorization', 'req.headers.cookie'],
      censor: '[redacted]',
    },
  });
}
