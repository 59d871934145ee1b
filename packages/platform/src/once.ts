/** Finds something out on first use, for all who ask; what could not be found out is looked for again by the next. */
export function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    if (found !== undefined) return found;
    const finding = find();
    found = finding;
    finding.catch(() => {
      if (found === finding) found = undefined;
    });
    return finding;
  };
}
