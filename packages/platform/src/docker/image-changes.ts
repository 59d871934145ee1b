/** Instructions of a Dockerfile, as `commit` and `import` take them. Only the build's own quoting is needed: words in double quotes. */
function word(value: string): string {
  return `"${value.replaceAll(/["\\$]/g, '\\$&').replaceAll('\n', ' ')}"`;
}

export function labelChanges(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `LABEL ${word(name)}=${word(value)}`);
}

export interface StartSettings {
  readonly user: string;
  readonly workingDirectory: string;
  readonly command: readonly string[];
}

/**
 * What makes a release of a tree: it starts by itself, as the user that owns it. The command is the entry point, because an empty one
 * here would leave the container's; a stop signal can come from the container alone.
 */
export function startChanges({ user, workingDirectory, command }: StartSettings): string[] {
  return [`WORKDIR ${workingDirectory}`, `USER ${user}`, `ENTRYPOINT ${JSON.stringify(command)}`];
}
