import { SwitchyardError } from '@switchyard/domain';
import semver from 'semver';
import { asRange, nodeTool, packageManagerTool, runsOn } from '../local/toolchain-versions.ts';
import type { Toolchain } from '../platform.ts';
import { type BaseFacts, platformOf } from './base-facts.ts';
import { type PlacedTool, placeTool, type ToolFetch } from './tool-fetch.ts';

export interface ToolsOfToolchain {
  /** `node 24.11.0, pnpm 10.34.9` */
  readonly description: string;
  /** Directories that come before the image's own on PATH. */
  readonly bins: readonly string[];
}

type FetchContext = Omit<ToolFetch, 'node'>;

/**
 * Makes a toolchain ready in a base: what the image has itself is taken, what it lacks is fetched. null where the image has another Node
 * and none may be fetched.
 */
export async function placeToolchain(
  toolchain: Toolchain,
  facts: BaseFacts,
  context: FetchContext,
  { mayFetchNode }: { mayFetchNode: boolean },
): Promise<ToolsOfToolchain | null> {
  const node = await placeNode(toolchain.runtime, facts, context, mayFetchNode);
  if (node === null) return null;
  const manager = await placePackageManager(toolchain.packageManager, facts, { ...context, node: node.version });
  const bins = [manager?.bin, node.bin].filter((bin) => bin !== undefined && bin !== null);
  const manages = manager === null ? '' : `, ${toolchain.packageManager?.name} ${manager.version}`;
  return { description: `node ${node.version}${manages}`, bins };
}

/** Without `bin` it is the image's own. */
type Found = Pick<PlacedTool, 'version'> & { readonly bin: string | null };

async function placeNode(
  { wanted }: Toolchain['runtime'],
  facts: BaseFacts,
  context: FetchContext,
  mayFetch: boolean,
): Promise<Found | null> {
  if (semver.satisfies(facts.node, asRange(wanted))) return { version: facts.node, bin: null };
  const tool = mayFetch ? nodeTool(wanted, platformOf(facts)) : null;
  return tool === null ? null : await placeTool(tool, { ...context, node: null });
}

async function placePackageManager(
  wanted: Toolchain['packageManager'],
  facts: BaseFacts,
  fetch: ToolFetch & { readonly node: string },
): Promise<Found | null> {
  if (wanted === null) return null;
  const tool = packageManagerTool(wanted, platformOf(facts));
  if (tool === null) {
    throw new SwitchyardError('toolchain-unavailable', `There is no ${wanted.name} for ${platformOf(facts)}.`);
  }
  const isInImage =
    tool.name === 'npm' && semver.satisfies(facts.npm, tool.range) && runsOn(tool, facts.npm, fetch.node);
  return isInImage ? { version: facts.npm, bin: null } : await placeTool(tool, fetch);
}
