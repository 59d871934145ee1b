/** What a recorded file holds in place of what is another at every load. */
export const PREFIX = '@prefix@';
export const REPOSITORY = 'https://repository.test/app.git';
export const HOST = 'host_recorded' as const;
/** The byte that the farm's secret key is made of. */
export const BOX_KEY = 1;
/** Of the repository's head. */
export const COMMIT = 'a'.repeat(40);
