import { request } from 'node:http';

const TIMEOUT_MS = 2_000;

/**
 * Whether a deployed app answers through the router: any answer that is not the router's own "nothing is there" (502, 503, 504, 404 for an
 * unknown host carry no better meaning for an app that has just been started, so only those below 500 count).
 */
export async function answersAt(url: string, address: { host: string; port: number }): Promise<boolean> {
  const { host, pathname } = new URL(url);
  return await new Promise((resolve) => {
    const asked = request(
      {
        host: address.host.replace(/^\[|\]$/g, ''),
        port: address.port,
        path: pathname,
        headers: { host },
        agent: false,
      },
      (response) => {
        response.resume();
        resolve((response.statusCode ?? 500) < 500);
      },
    );
    asked.setTimeout(TIMEOUT_MS, () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
