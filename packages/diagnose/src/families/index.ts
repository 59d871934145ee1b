import type { Rule } from '../rule.ts';
import { application } from './application.ts';
import { buildConfiguration } from './build-configuration.ts';
import { buildOutput } from './build-output.ts';
import { certificates } from './certificates.ts';
import { checkout } from './checkout.ts';
import { commands } from './commands.ts';
import { container } from './container.ts';
import { database } from './database.ts';
import { dependencies } from './dependencies.ts';
import { downloads } from './downloads.ts';
import { healthChecks } from './health-checks.ts';
import { lifecycle } from './lifecycle.ts';
import { lockfiles } from './lockfiles.ts';
import { machine } from './machine.ts';
import { migrations } from './migrations.ts';
import { moduleSystems } from './module-systems.ts';
import { modules } from './modules.ts';
import { nativeModules } from './native-modules.ts';
import { packages } from './packages.ts';
import { proxy } from './proxy.ts';
import { registry } from './registry.ts';
import { runtime } from './runtime.ts';
import { source } from './source.ts';
import { sourceCode } from './source-code.ts';
import { variables } from './variables.ts';

/** All rules by family. Their order means nothing. */
export const FAMILIES: Readonly<Record<string, readonly Rule[]>> = {
  application,
  buildConfiguration,
  buildOutput,
  certificates,
  checkout,
  commands,
  container,
  database,
  dependencies,
  downloads,
  healthChecks,
  lifecycle,
  lockfiles,
  machine,
  migrations,
  moduleSystems,
  modules,
  nativeModules,
  packages,
  proxy,
  registry,
  runtime,
  source,
  sourceCode,
  variables,
};

export const RULES: readonly Rule[] = Object.values(FAMILIES).flat();
