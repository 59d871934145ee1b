import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import express, { type Express } from 'express';

const ONE_YEAR_S = 31_536_000;

/** Paths of the dashboard's pages. All get the same document: the page looks at its address itself. */
const PAGES = ['/', '/deployments', '/deployments/*rest', '/apps', '/apps/*rest'];

/** Serves the built dashboard, without a token: it holds nothing secret and asks for the token itself. */
export function mountDashboard(app: Express, directory: string): void {
  // Their names change with their content.
  app.use(
    '/assets',
    express.static(join(directory, 'assets'), {
      index: false,
      redirect: false,
      immutable: true,
      maxAge: ONE_YEAR_S * 1_000,
    }),
  );
  app.use(
    express.static(directory, {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (response) => void response.setHeader('Cache-Control', 'no-cache'),
    }),
  );
  app.get(PAGES, (_request, response, next) => {
    response.set('Cache-Control', 'no-cache');
    response.sendFile('index.html', { root: directory, cacheControl: false }, (error?: Error) => {
      if (error === undefined) return;
      // The reader has left, or the answer has begun; nothing can be said any more.
      if (response.headersSent) return;
      next(
        new SwitchyardError(
          'route-not-found',
          'The dashboard is not built. `npm run build` builds it; the API works without it.',
        ),
      );
    });
  });
}
