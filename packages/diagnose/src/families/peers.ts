import type { Details, Sight } from '../rule.ts';

/** npm tells a conflict over several lines: what is there, who asks for what. */
export function peers(_: RegExpExecArray, { output, at }: Sight): Details {
  const lines = output.lines.slice(at, at + 40).map(({ bare }) => bare);
  const found = lines.map((line) => /^Found: (\S+)/.exec(line)?.[1]).find((value) => value !== undefined);
  const start = lines.findIndex((line) => /^(?:Could not resolve dependency|Conflicting peer dependency)/.test(line));
  const chosen = firstPeer(start < 0 ? lines : lines.slice(start)) ?? firstPeer(lines);
  const through = lines
    .slice(Math.max(0, start))
    .map((line) => /^node_modules\/((?:@[^/]+\/)?[^/\s]+)$/.exec(line)?.[1])
    .find((value) => value !== undefined);
  return {
    ...(chosen?.[1] === undefined || chosen[2] === undefined ? {} : { needs: chosen[1], by: chosen[2] }),
    ...(found === undefined ? {} : { found }),
    ...(through === undefined ? {} : { package: through }),
    ...mentioned(lines),
  };
}

function firstPeer(lines: readonly string[]): RegExpExecArray | null {
  return (
    lines.map((line) => /peer(?:Optional)? (\S+@"[^"]*") from (\S+)/.exec(line)).find((match) => match !== null) ?? null
  );
}

/** Everybody who takes part, for the one who reads. */
function mentioned(lines: readonly string[]): Details {
  const names = [
    ...new Set(lines.flatMap((line) => /from ((?:@[^@\s/]+\/)?[^@\s]+@[\d][^\s]*)/.exec(line)?.[1] ?? [])),
  ];
  const roots = lines.flatMap((line) => /^\s*(?:dev |peer )?(\S+@"[^"]+") from the root project/.exec(line)?.[1] ?? []);
  const resolving = lines.map((line) => /^While resolving: (\S+)/.exec(line)?.[1]).find((value) => value !== undefined);
  return {
    ...(names.length > 0 ? { packages: names.slice(0, 4).join(', ') } : {}),
    ...(roots.length > 0 ? { root: roots.slice(0, 2).join(', ') } : {}),
    ...(resolving === undefined ? {} : { resolving }),
  };
}
