import type { Rule } from '../rule.ts';
import { application } from './application.ts';
import { commands } from './commands.ts';
import { database } from './database.ts';
import { dependencies } from './dependencies.ts';
import { lockfiles } from './lockfiles.ts';
import { machine } from './machine.ts';
import { migrations } from './migrations.ts';
import { modules } from './modules.ts';
import { nativeModules } from './native-modules.ts';
import { registry } from './registry.ts';
import { runtime } from './runtime.ts';
import { source } from './source.ts';
import { sourceCode } from './source-code.ts';
import { variables } from './variables.ts';

/** All rules. Their order means nothing. */
export const RULES: readonly Rule[] = [
  ...application,
  ...commands,
  ...database,
  ...dependencies,
  ...lockfiles,
  ...machine,
  ...migrations,
  ...modules,
  ...nativeModules,
  ...registry,
  ...runtime,
  ...source,
  ...sourceCode,
  ...variables,
];
