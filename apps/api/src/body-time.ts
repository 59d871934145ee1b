import type { RequestHandler, Response } from 'express';

const lifts = new WeakMap<Response, () => void>();

/** Cuts a request whose body is not here after so long, unless its operation lifts the limit. */
export function limitBodyTime(limitMs: number): RequestHandler {
  return (request, response, next) => {
    const { 'transfer-encoding': encoding, 'content-length': bytes } = request.headers;
    if (encoding !== undefined || Number(bytes ?? 0) > 0) {
      const timer = setTimeout(() => request.destroy(), limitMs);
      const lift = () => clearTimeout(timer);
      request.once('end', lift).once('close', lift);
      lifts.set(response, lift);
    }
    next();
  };
}

/** For a body that may take its time and has a limit of its own. */
export function liftBodyTime(response: Response): void {
  lifts.get(response)?.();
}
