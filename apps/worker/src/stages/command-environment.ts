/**
 * The environment of install and build commands. NODE_ENV is left unset: with `production` package managers leave out the development
 * dependencies that a build needs; the app itself runs with `production`. Nothing here differs from one deployment to the next, since
 * all of it is part of the cache keys.
 */
export const COMMAND_ENVIRONMENT: Readonly<Record<string, string>> = {
  CI: 'true',
  LANG: 'C.UTF-8',
  SWITCHYARD: '1',
};
