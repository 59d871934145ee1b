import { SwitchyardError } from '@switchyard/domain';

/**
 * Reads a Procfile: `name: command` per line, `#` starts a comment line, a command may hold colons. The last of two lines with the same
 * name counts, as with foreman.
 */
export function parseProcfile(content: string): ReadonlyMap<string, string> {
  const commands = new Map<string, string>();
  for (const [index, raw] of content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) {
      throw new SwitchyardError(
        'repository-file-invalid',
        `Procfile, line ${index + 1}: expected "name: command", found ${JSON.stringify(line.slice(0, 80))}.`,
        { file: 'Procfile', line: index + 1 },
      );
    }
    commands.set(match[1], match[2]);
  }
  return commands;
}
