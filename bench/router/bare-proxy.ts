import { createServer } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

/** The least that forwards a request through undici: no look-up, no header hygiene, no counting. What the router's work is measured on. */

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { pipelining: 1 });

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart(_controller, status, headers, message) {
      response.writeHead(status, message, headers);
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd: () => void response.end(),
    onResponseError: () => void response.destroy(),
  };
  pool.dispatch({ path: request.url ?? '/', method: 'GET', headers: request.rawHeaders, body: null }, handler);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});
process.once('disconnect', () => process.exit());
