import { Failure } from '../process/failure.mjs';
import { findProgram } from '../process/find-program.mjs';
import { installCommand } from './package-manager.mjs';

const NODE_MINIMUM = [20, 19];

/** Node and Git: the two things that nobody can set up from here. */
export function requirePrerequisites(nodeVersion = process.versions.node) {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major < NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor < NODE_MINIMUM[1])) {
    throw new Failure(
      `Switchyard needs Node ${NODE_MINIMUM.join('.')} or later, and this is Node ${nodeVersion} (${process.execPath}).\n` +
        'Install a current one (https://nodejs.org, or `nvm install 20`) and run the same command again.',
    );
  }
  if (!findProgram('git')) {
    throw new Failure(
      `Switchyard deploys from Git and finds no \`git\` on PATH. Install it: ${installCommand({ name: 'git' })}`,
    );
  }
}
