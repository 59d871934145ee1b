import { SwitchyardError } from '@switchyard/domain';
import type { Container } from 'dockerode';
import { z } from 'zod';
import type { PresentImage } from './base-images.ts';
import { executeForText } from './exec.ts';
import { PLACES, USER } from './names.ts';

/** What a base image holds, as it says itself. */
const BaseFacts = z.object({
  node: z.string(),
  npm: z.string(),
  platform: z.string(),
  arch: z.string(),
  glibc: z.boolean(),
});
export type BaseFacts = z.infer<typeof BaseFacts>;

const ASK = `node -p "JSON.stringify({ node: process.versions.node, npm: process.argv[1], platform: process.platform,
  arch: process.arch, glibc: 'glibcVersionRuntime' in process.report.getReport().header })" "$(npm --version)"`;

export async function askFacts(base: PresentImage, container: Container): Promise<BaseFacts> {
  const command = ['/bin/sh', '-c', ASK];
  const { code, text } = await executeForText(container, { command, user: USER, env: { HOME: PLACES.home } });
  if (code === 0) return BaseFacts.parse(JSON.parse(text));
  throw new SwitchyardError('toolchain-unavailable', `The image ${base.tag} does not run Node: ${text.trim()}`);
}

/** `linux-x64`: what packages with programs in them are named by. */
export function platformOf({ platform, arch }: BaseFacts): string {
  return `${platform}-${arch}`;
}

/** `linux-x64-glibc`: what native code that is built there is bound to. */
export function targetOf(facts: BaseFacts): string {
  return `${platformOf(facts)}-${facts.glibc ? 'glibc' : 'musl'}`;
}
