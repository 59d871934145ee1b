/**
 * Sees to it that the images our containers start from are there: already present, else pulled, else, on a machine that reaches no
 * image registry, made here from Debian's and npm's packages under the same tag.
 *
 *     node scripts/base-image.mjs                          # node:24-bookworm-slim
 *     node scripts/base-image.mjs 22 redis:7-bookworm      # other majors of Node, other images
 *
 * An image made here carries the label `dev.switchyard.stand-in` with a digest of its recipe and of this machine's certificates: it is
 * made anew when one of them changes. An image without the label came from a registry and is never replaced.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { debianTree } from './stand-in-images/debian.mjs';

const run = promisify(execFile);
const RECIPES = fileURLToPath(new URL('./stand-in-images/', import.meta.url));
const DEBIAN = 'switchyard/stand-in-debian:bookworm';
const LABEL = 'dev.switchyard.stand-in';
const DEFAULT_NODE_MAJOR = '24';
const PULL_TIMEOUT_MS = 120_000;
const STEP_TIMEOUT_MS = 10 * 60_000;

/** The image whose containers run apps and our own processes. */
export const nodeImage = (major = DEFAULT_NODE_MAJOR) => `node:${major}-bookworm-slim`;

/**
 * @typedef {object} StandIn
 * @property {RegExp} pattern the tags it stands in for
 * @property {string} dockerfile its recipe in stand-in-images/
 * @property {(context: string, match: RegExpExecArray) => Promise<void>} prepare fills the build context
 */

/** @type {StandIn[]} */
const STAND_INS = [
  { pattern: /^node:(\d+)-bookworm-slim$/, dockerfile: 'node.Dockerfile', prepare: prepareNode },
  { pattern: /^redis:7(\.\d+)*-bookworm$/, dockerfile: 'redis.Dockerfile', prepare: async () => {} },
  { pattern: /^prom\/prometheus:/, dockerfile: 'prometheus.Dockerfile', prepare: async () => {} },
];

async function docker(args, timeoutMs = STEP_TIMEOUT_MS) {
  // Some clients have no buildx and refuse to build when this is set; the recipes need neither builder in particular.
  const { DOCKER_BUILDKIT: _, ...env } = process.env;
  try {
    const { stdout } = await run('docker', args, { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024, env });
    return stdout.trim();
  } catch (thrown) {
    const error = /** @type {import('node:child_process').ExecFileException} */ (thrown);
    if (error.code === 'ENOENT')
      throw new Error('the `docker` command is not installed; on Debian: apt-get install docker.io');
    const output = `${error.stderr ?? ''}`.trim().split('\n').slice(-3).join(' | ');
    throw new Error(
      `docker ${args[0]}: ${error.killed ? `no end within ${timeoutMs / 1000} s` : output || error.message}`,
    );
  }
}

const reasonOf = (error) => (error instanceof Error ? error.message : String(error));

/** The certificates this machine trusts: its containers reach the same registries, perhaps behind the same inspecting proxy. */
function hostCertificates() {
  const places = [process.env.SSL_CERT_FILE, '/etc/ssl/certs/ca-certificates.crt', process.env.NODE_EXTRA_CA_CERTS];
  const file = places.find((place) => place && existsSync(place));
  return file ? readFileSync(file) : Buffer.alloc(0);
}

function digestOf(standIn) {
  const hash = createHash('sha256').update(hostCertificates());
  for (const file of [standIn.dockerfile, 'node-entrypoint.sh']) hash.update(readFileSync(join(RECIPES, file)));
  return hash.digest('hex').slice(0, 16);
}

/** `null`: not there; `''`: there and from a registry; else the digest it was made with. */
async function labelOf(tag) {
  try {
    return await docker(['image', 'inspect', '--format', `{{with .Config.Labels}}{{index . "${LABEL}"}}{{end}}`, tag]);
  } catch (error) {
    if (/No such image/i.test(reasonOf(error))) return null;
    throw error;
  }
}

/** Node as its npm package carries it, with npm, yarn and corepack where the official image has them. */
async function prepareNode(context, match) {
  const major = match[1];
  const packages = join(context, 'packages');
  const programs = join(context, 'programs');
  const npm = (args) =>
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...args], { timeout: STEP_TIMEOUT_MS });
  const binary = `node-linux-${process.arch}`;
  await npm(['--no-save', '--prefix', packages, `${binary}@${major}`]);
  // 10 is what Node 20 and 22 come with, 11 what 24 comes with.
  const npmMajor = Number(major) >= 24 ? 11 : 10;
  const corepack = Number(major) >= 25 ? [] : ['corepack@0'];
  await npm(['--global', '--prefix', programs, `npm@${npmMajor}`, ...corepack]);
  // The shims corepack comes with are off until `corepack enable`, as in the official image: yarn is the classic one.
  for (const shim of ['pnpm', 'pnpx', 'yarn', 'yarnpkg']) rmSync(join(programs, 'bin', shim), { force: true });
  await npm(['--global', '--prefix', programs, 'yarn@1']);
  cpSync(join(packages, 'node_modules', binary), join(context, 'node'), { recursive: true, verbatimSymlinks: true });
  rmSync(packages, { recursive: true, force: true });
  for (const left of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'share']) {
    rmSync(join(context, 'node', left), { recursive: true, force: true });
  }
}

async function makeDebian() {
  if ((await labelOf(DEBIAN)) !== null) return;
  await docker(['import', '--change', 'CMD ["bash"]', '--change', `LABEL ${LABEL}=debian`, await debianTree(), DEBIAN]);
}

async function make(tag, standIn, digest) {
  await makeDebian();
  const context = mkdtempSync(join(tmpdir(), 'switchyard-image-'));
  try {
    copyFileSync(join(RECIPES, standIn.dockerfile), join(context, 'Dockerfile'));
    copyFileSync(join(RECIPES, 'node-entrypoint.sh'), join(context, 'node-entrypoint.sh'));
    writeFileSync(join(context, 'certificates.crt'), hostCertificates());
    mkdirSync(join(context, 'programs'));
    await standIn.prepare(context, /** @type {RegExpExecArray} */ (standIn.pattern.exec(tag)));
    await docker(['build', '--quiet', '--force-rm', '--label', `${LABEL}=${digest}`, '--tag', tag, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Whether a registry gave the image; its refusal is kept for the message. */
async function pull(tag) {
  try {
    await docker(['pull', '--quiet', tag], PULL_TIMEOUT_MS);
    return { pulled: true, refusal: '' };
  } catch (error) {
    return { pulled: false, refusal: reasonOf(error) };
  }
}

/**
 * An image under this tag, whatever it takes.
 *
 * @param {string} tag `node:24-bookworm-slim`, `redis:7-bookworm`, `prom/prometheus:…`, or anything a registry has
 * @returns {Promise<'present' | 'pulled' | 'made'>}
 * @throws an Error that says why it could be neither pulled nor made
 */
export async function ensureImage(tag) {
  const standIn = STAND_INS.find(({ pattern }) => pattern.test(tag));
  const label = await labelOf(tag);
  const digest = standIn ? digestOf(standIn) : '';
  if (label !== null && (label === '' || label === digest)) return 'present';
  const { pulled, refusal } = await pull(tag);
  if (pulled) return 'pulled';
  if (!standIn) throw new Error(`${tag} could not be pulled, and there is no recipe to make it here: ${refusal}`);
  try {
    const replaced = label === null ? null : await docker(['image', 'inspect', '--format', '{{.Id}}', tag]);
    await make(tag, standIn, digest);
    // Refused where a container still uses it: then it stays, without a tag.
    if (replaced) await docker(['image', 'rm', replaced]).catch(() => {});
  } catch (error) {
    throw new Error(`${tag} could be neither pulled (${refusal}) nor made here: ${reasonOf(error)}`, { cause: error });
  }
  return 'made';
}

async function main(names) {
  const tags = names.length > 0 ? names.map((name) => (/^\d+$/.test(name) ? nodeImage(name) : name)) : [nodeImage()];
  for (const tag of tags) {
    const begun = Date.now();
    const how = await ensureImage(tag);
    console.log(`${tag}: ${how} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
