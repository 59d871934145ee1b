import { SwitchyardError } from '@switchyard/domain';
import type { Container } from 'dockerode';
import semver from 'semver';
import { z } from 'zod';
import { asRange, nodeTool, packageManagerTool, runsOn } from '../local/toolchain-versions.ts';
import type { ResolvedToolchain, Toolchain } from '../platform.ts';
import { ANY_BASE, baseCandidates } from './base-image-choice.ts';
import { type PresentImage, presentImage, pullImage } from './base-images.ts';
import { workContainer } from './container-spec.ts';
import type { Engine } from './engine.ts';
import { executeForText } from './exec.ts';
import type { FarmVolumes } from './farm-volumes.ts';
import { type Owner, PLACES, USER } from './names.ts';
import { placeTool, type ToolFetch } from './tool-fetch.ts';
import { openWorkContainer } from './work-container.ts';

export interface PlacedToolchain extends ResolvedToolchain {
  readonly base: PresentImage;
  /** The PATH of commands. */
  readonly path: string;
}

export interface PrepareOptions {
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer) => void;
}

export interface Toolchains {
  resolve(toolchain: Toolchain, options: PrepareOptions): Promise<PlacedToolchain>;
}

/** What a base image holds, as it says itself. */
const Facts = z.object({
  node: z.string(),
  npm: z.string(),
  platform: z.string(),
  arch: z.string(),
  glibc: z.boolean(),
});
type Facts = z.infer<typeof Facts>;

const ASK_FACTS = `node -p "JSON.stringify({ node: process.versions.node, npm: process.argv[1], platform: process.platform,
  arch: process.arch, glibc: 'glibcVersionRuntime' in process.report.getReport().header })" "$(npm --version)"`;

export function openToolchains(place: {
  engine: Engine;
  owner: Owner;
  volumes: FarmVolumes;
  variables: () => Promise<Readonly<Record<string, string>>>;
}): Toolchains {
  const { engine, owner, volumes } = place;
  const facts = new Map<string, Facts>();
  const resolved = new Map<string, Promise<PlacedToolchain>>();

  async function inBase<Result>(
    base: PresentImage,
    signal: AbortSignal,
    action: (container: Container) => Promise<Result>,
  ): Promise<Result> {
    await volumes.ready(base.id);
    const { id: image, hidden } = base;
    const options = workContainer({ owner, role: 'tool', attempt: null, image, hidden, volumes });
    const work = await openWorkContainer(engine, options);
    const stop = () => void work.end().catch(() => {});
    signal.addEventListener('abort', stop, { once: true });
    try {
      await work.start();
      return await action(work.container);
    } finally {
      signal.removeEventListener('abort', stop);
      await work.end();
    }
  }

  async function factsOf(base: PresentImage, container: Container): Promise<Facts> {
    const known = facts.get(base.id);
    if (known !== undefined) return known;
    const { code, text } = await executeForText(container, {
      command: ['/bin/sh', '-c', ASK_FACTS],
      user: USER,
      env: { HOME: PLACES.home },
    });
    if (code !== 0)
      throw new SwitchyardError('toolchain-unavailable', `The image ${base.tag} does not run Node: ${text.trim()}`);
    const found = Facts.parse(JSON.parse(text));
    facts.set(base.id, found);
    return found;
  }

  /** The base images in the order in which they are worth a look: those that are there, then those that can be pulled. */
  async function* bases(wanted: string, options: PrepareOptions, refusals: string[]): AsyncGenerator<PresentImage> {
    const absent: string[] = [];
    for (const tag of baseCandidates(wanted)) {
      const base = await presentImage(engine, tag);
      if (base === null) absent.push(tag);
      else yield base;
    }
    for (const tag of absent) {
      const refusal = await pullImage(engine, tag, options);
      const base = refusal === null ? await presentImage(engine, tag) : null;
      if (base === null) refusals.push(`${tag}: ${refusal ?? 'not there after it was pulled'}`);
      else yield base;
    }
    // With a Node of the wanted version from its npm package.
    for (const tag of ANY_BASE) {
      const base = await presentImage(engine, tag);
      if (base !== null) yield base;
    }
  }

  async function tryBase(
    base: PresentImage,
    toolchain: Toolchain,
    options: PrepareOptions,
    mayFetchNode: boolean,
  ): Promise<PlacedToolchain | null> {
    const range = asRange(toolchain.runtime.wanted);
    const known = facts.get(base.id);
    if (known !== undefined && !semver.satisfies(known.node, range) && !mayFetchNode) return null;
    return await inBase(base, options.signal, async (container) => {
      const found = await factsOf(base, container);
      const bins: string[] = [];
      let node = found.node;
      const fetch = async (version: string | null): Promise<ToolFetch> => ({
        container,
        env: await place.variables(),
        node: version,
        onOutput: options.onOutput,
      });
      if (!semver.satisfies(node, range)) {
        const tool = mayFetchNode ? nodeTool(toolchain.runtime.wanted, `${found.platform}-${found.arch}`) : null;
        if (tool === null) return null;
        const placed = await placeTool(tool, await fetch(null));
        node = placed.version;
        bins.push(placed.bin);
      }
      let description = `node ${node}`;
      if (toolchain.packageManager !== null) {
        const manager = packageManagerTool(toolchain.packageManager, `${found.platform}-${found.arch}`);
        if (manager === null)
          throw new SwitchyardError(
            'toolchain-unavailable',
            `There is no ${toolchain.packageManager.name} for ${found.platform}-${found.arch}.`,
          );
        const ofImage =
          manager.name === 'npm' && semver.satisfies(found.npm, manager.range) && runsOn(manager, found.npm, node);
        const placed = ofImage ? null : await placeTool(manager, await fetch(node));
        if (placed !== null) bins.unshift(placed.bin);
        description += `, ${manager.name} ${placed?.version ?? found.npm}`;
      }
      return {
        description,
        target: `${found.platform}-${found.arch}-${found.glibc ? 'glibc' : 'musl'}`,
        base,
        path: [...bins, base.path].join(':'),
      };
    });
  }

  async function resolve(toolchain: Toolchain, options: PrepareOptions): Promise<PlacedToolchain> {
    const refusals: string[] = [];
    const own = new Set(baseCandidates(toolchain.runtime.wanted));
    const seen = new Set<string>();
    for await (const base of bases(toolchain.runtime.wanted, options, refusals)) {
      const mayFetchNode = !own.has(base.tag) || seen.has(base.tag);
      seen.add(base.tag);
      const placed = await tryBase(base, toolchain, options, mayFetchNode);
      if (placed !== null) return placed;
      if (!mayFetchNode) refusals.push(`${base.tag}: holds Node ${facts.get(base.id)?.node}`);
    }
    throw new SwitchyardError(
      'toolchain-unavailable',
      `No image with Node ${asRange(toolchain.runtime.wanted)} could be had (${refusals.join('; ')}). Pull or load one of them on this host, or ask for another version.`,
    );
  }

  return {
    async resolve(toolchain, options) {
      const key = JSON.stringify([
        asRange(toolchain.runtime.wanted),
        toolchain.packageManager?.name,
        toolchain.packageManager?.version,
      ]);
      const running = resolved.get(key);
      if (running !== undefined) {
        try {
          const placed = await running;
          if ((await presentImage(engine, placed.base.id)) !== null) return placed;
        } catch (error) {
          // Whoever began it may have been told to stop; that is not our end.
          options.signal.throwIfAborted();
          if (error instanceof SwitchyardError) throw error;
        }
        if (resolved.get(key) === running) resolved.delete(key);
        return await this.resolve(toolchain, options);
      }
      const promise = resolve(toolchain, options);
      resolved.set(key, promise);
      promise.catch(() => {
        if (resolved.get(key) === promise) resolved.delete(key);
      });
      return await promise;
    },
  };
}
