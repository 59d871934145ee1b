import { SwitchyardError } from '@switchyard/domain';
import type { Container } from 'dockerode';
import semver from 'semver';
import { asRange } from '../local/toolchain-versions.ts';
import type { ResolvedToolchain, Toolchain } from '../platform.ts';
import { askFacts, type BaseFacts, targetOf } from './base-facts.ts';
import { ANY_BASE, baseCandidates } from './base-image-choice.ts';
import { type PresentImage, presentImage, pullImage } from './base-images.ts';
import { workContainer } from './container-spec.ts';
import type { Engine } from './engine.ts';
import type { FarmVolumes } from './farm-volumes.ts';
import type { Owner } from './names.ts';
import { placeToolchain } from './toolchain-placing.ts';
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

/** A base worth a look. `mayFetchNode`: the last resort, with a Node of the wanted version from its npm package. */
interface Candidate {
  readonly base: PresentImage;
  readonly mayFetchNode: boolean;
}

export function openToolchains(place: {
  engine: Engine;
  owner: Owner;
  volumes: FarmVolumes;
  variables: () => Promise<Readonly<Record<string, string>>>;
}): Toolchains {
  const { engine, owner, volumes } = place;
  const facts = new Map<string, BaseFacts>();
  const resolved = new Map<string, Promise<PlacedToolchain>>();

  /** Calls `action` with a container of the base that has the tools volume, writable. */
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
    } catch (error) {
      // Whoever waits for the same toolchain must be able to tell this from a failure.
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      await work.end();
    }
  }

  /** In the order in which they are worth a look: those that are there, those that can be pulled, any to put another Node into. */
  async function* candidates(wanted: string, options: PrepareOptions, refusals: string[]): AsyncGenerator<Candidate> {
    const absent: string[] = [];
    for (const tag of baseCandidates(wanted)) {
      const base = await presentImage(engine, tag);
      if (base === null) absent.push(tag);
      else yield { base, mayFetchNode: false };
    }
    for (const tag of absent) {
      const refusal = await pullImage(engine, tag, options);
      const base = refusal === null ? await presentImage(engine, tag) : null;
      if (base === null) refusals.push(`${tag}: ${refusal ?? 'not there after it was pulled'}`);
      else yield { base, mayFetchNode: false };
    }
    for (const tag of ANY_BASE) {
      const base = await presentImage(engine, tag);
      if (base !== null) yield { base, mayFetchNode: true };
    }
  }

  async function tryCandidate(
    { base, mayFetchNode }: Candidate,
    toolchain: Toolchain,
    { signal, onOutput }: PrepareOptions,
  ): Promise<PlacedToolchain | null> {
    const known = facts.get(base.id);
    const fits = known === undefined || semver.satisfies(known.node, asRange(toolchain.runtime.wanted));
    if (!fits && !mayFetchNode) return null;
    const env = await place.variables();
    return await inBase(base, signal, async (container) => {
      const found = known ?? (await askFacts(base, container));
      facts.set(base.id, found);
      const tools = await placeToolchain(toolchain, found, { container, env, onOutput }, { mayFetchNode });
      if (tools === null) return null;
      const { description, bins } = tools;
      return { description, target: targetOf(found), base, path: [...bins, base.path].join(':') };
    });
  }

  async function resolve(toolchain: Toolchain, options: PrepareOptions): Promise<PlacedToolchain> {
    const { wanted } = toolchain.runtime;
    const refusals: string[] = [];
    for await (const candidate of candidates(wanted, options, refusals)) {
      const placed = await tryCandidate(candidate, toolchain, options);
      if (placed !== null) return placed;
      refusals.push(`${candidate.base.tag}: has Node ${facts.get(candidate.base.id)?.node}`);
    }
    throw new SwitchyardError(
      'toolchain-unavailable',
      `No image with Node ${asRange(wanted)} could be had (${refusals.join('; ')}). Pull or load one of them on this host, or ask for another version.`,
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
