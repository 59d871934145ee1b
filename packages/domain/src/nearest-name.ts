/** How many letters have to be added, left out, changed or swapped with their neighbour to make one word of the other. */
function distance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      now[column] = Math.min(
        (last[column] ?? 0) + 1,
        (now[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = now;
  }
  return last[to.length] ?? 0;
}

/** What somebody may have meant who wrote `word`; null where none of the names comes near. Letter case makes no difference. */
export function nearestName(word: string, names: readonly string[]): string | null {
  const within = Math.max(1, Math.floor(word.length / 3));
  let nearest: string | null = null;
  let least = within + 1;
  for (const name of names) {
    const apart = distance(word.toLowerCase(), name.toLowerCase());
    if (apart < least) [nearest, least] = [name, apart];
  }
  return nearest;
}
