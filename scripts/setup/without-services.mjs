import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram } from '../process/find-program.mjs';
import { run } from '../process/run.mjs';

// Debian's maintainer scripts ask this file before they start a service; 101 means "not allowed".
const POLICY = '/usr/sbin/policy-rc.d';
const KEPT = '/usr/sbin/policy-rc.d.before-switchyard';
const MARK = '# written by switchyard';
const REFUSE = `#!/bin/sh\n${MARK} while it installs a package, so that no service is started\nexit 101\n`;

function isOurs() {
  return existsSync(POLICY) && readFileSync(POLICY, 'utf8').includes(MARK);
}

function refuseServices() {
  restore();
  if (existsSync(POLICY)) renameSync(POLICY, KEPT);
  writeFileSync(POLICY, REFUSE);
  chmodSync(POLICY, 0o755);
}

/** Puts back what was there; also after a run that was killed in between, whose file the mark gives away. */
function restore() {
  if (isOurs()) rmSync(POLICY);
  if (existsSync(KEPT)) renameSync(KEPT, POLICY);
}

/**
 * Does something that installs Debian packages, so that none of their services runs, now or after a reboot.
 *
 * @param {readonly string[]} services names of the services that the packages bring
 * @param {() => Promise<void>} install
 */
export async function withoutServices(services, install) {
  process.on('exit', restore);
  refuseServices();
  try {
    await install();
  } finally {
    restore();
    process.off('exit', restore);
    for (const service of services) await disable(service);
  }
}

async function disable(service) {
  const quietly = /** @type {const} */ ({ output: 'capture', timeoutMs: 30_000 });
  if (findProgram('systemctl')) {
    await run('systemctl', ['disable', service], quietly);
    if (existsSync('/run/systemd/system')) await run('systemctl', ['stop', service], quietly);
  }
  if (existsSync(`/etc/init.d/${service}`) && findProgram('update-rc.d'))
    await run('update-rc.d', [service, 'disable'], quietly);
}
