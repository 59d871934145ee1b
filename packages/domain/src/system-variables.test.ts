import { expect, it } from 'vitest';
import { RUN_CONSTANTS, refusalOfName, STAGE_CONSTANTS, SYSTEM_VARIABLES } from './system-variables.ts';

it('what differs from one deployment to the next is in no build', () => {
  for (const name of ['COMMIT', 'BRANCH', 'DEPLOYMENT_ID', 'DEPLOYMENT_NUMBER'] as const)
    expect(SYSTEM_VARIABLES[`SWITCHYARD_${name}`].build).toBeNull();
});

it('constants are those of the table', () => {
  expect(STAGE_CONSTANTS).toEqual({ CI: 'true', LANG: 'C.UTF-8', SWITCHYARD: '1' });
  expect(RUN_CONSTANTS).toEqual({ LANG: 'C.UTF-8', NODE_ENV: 'production', SWITCHYARD: '1' });
});

it('reserved names are refused with the reason', () => {
  for (const [name, { reserved }] of Object.entries(SYSTEM_VARIABLES))
    expect(refusalOfName(name) ?? '').toContain(reserved ?? '');
  expect(refusalOfName('OPTIND')).toBe('OPTIND is the shell’s own, which would not pass it on');
  expect(refusalOfName('PORT')).toBe('PORT is set by Switchyard: Switchyard chooses the port');
  expect(refusalOfName('SWITCHYARD_ANYTHING')).toContain('SWITCHYARD_');
});

it('others are not', () => {
  for (const name of ['CI', 'LANG', 'NODE_ENV', 'DATABASE_URL', 'PORTS', 'SWITCHYARDS', 'path'])
    expect(refusalOfName(name)).toBeNull();
});
