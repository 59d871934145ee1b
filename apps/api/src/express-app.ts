import { SwitchyardError } from '@switchyard/domain';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { ApiMetrics } from './api-metrics.ts';
import { requireCaller } from './authentication.ts';
import { limitBodyTime } from './body-time.ts';
import { mountDashboard } from './dashboard.ts';
import { mountOperations } from './mount.ts';
import { OPERATIONS } from './operations.ts';
import type { ApiParts } from './parts.ts';
import { problemHandler } from './problems.ts';
import { observeRequests } from './request-log.ts';

/** Everything that the api answers: operations, then the dashboard, then problems. */
export function expressApp(parts: ApiParts, metrics: ApiMetrics, bodyTimeoutMs: number): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('strict routing');
  app.use(...observeRequests(parts.log, metrics));
  app.use(limitBodyTime(bodyTimeoutMs));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
      // Whoever ends TLS in front of us decides about it.
      strictTransportSecurity: false,
    }),
  );
  mountOperations(app, OPERATIONS, parts);
  mountDashboard(app, parts.settings.dashboardDirectory);
  app.use(nothingHere(parts));
  app.use(problemHandler(parts.log));
  return app;
}

function nothingHere(parts: ApiParts): RequestHandler {
  return async (request) => {
    // Who shows no token does not learn which routes exist.
    if (request.path.startsWith('/v1')) await requireCaller(request, parts.sessions, parts.settings.publicUrl);
    throw new SwitchyardError(
      'route-not-found',
      `There is nothing at ${request.path}. The API is described at /openapi.json.`,
    );
  };
}
