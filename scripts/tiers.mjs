import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process/root.mjs';

/**
 * What a tier of tests needs besides Node and Git.
 *
 * @typedef {object} Tier
 * @property {readonly import('./setup/tools.mjs').ToolName[]} tools
 * @property {boolean} [engine] whether a Docker engine has to answer
 * @property {readonly string[]} [images] base images its tests start from
 * @property {number} timeoutMs for the whole tier, where nobody watches
 */

const MINUTE_MS = 60_000;

/** @satisfies {Record<string, Tier>} */
export const tiers = {
  // Chaos and simulation are in it: some 18 minutes alone on two cores, 12 without them.
  default: { tools: ['redis'], timeoutMs: 27 * MINUTE_MS },
  docker: {
    tools: ['redis', 'docker', 'docker-compose', 'debootstrap', 'postgresql'],
    engine: true,
    images: ['node:24-bookworm-slim'],
    timeoutMs: 12 * MINUTE_MS,
  },
  browser: { tools: ['redis', 'chromium'], timeoutMs: 4 * MINUTE_MS },
  prometheus: { tools: ['redis', 'prometheus'], timeoutMs: 3 * MINUTE_MS },
  ssh: { tools: ['redis', 'sshd'], timeoutMs: 3 * MINUTE_MS },
  postgres: { tools: ['redis', 'postgresql'], timeoutMs: 3 * MINUTE_MS },
};

/** @typedef {keyof typeof tiers} TierName */

/** Whether any test belongs to this tier; the default one has tests by definition. */
export function hasTests(name) {
  if (name === 'default') return true;
  const suffix = `.${name}.test.ts`;
  return ['apps', 'packages', 'tests', 'scripts'].some((directory) => containsFile(join(root, directory), suffix));
}

function containsFile(directory, suffix) {
  if (!existsSync(directory)) return false;
  return readdirSync(directory, { withFileTypes: true }).some((entry) => {
    if (entry.isDirectory())
      return !/^(node_modules|dist|\.turbo)$/.test(entry.name) && containsFile(join(directory, entry.name), suffix);
    return entry.name.endsWith(suffix);
  });
}
