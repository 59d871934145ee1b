/** What stands in a repository in place of a file of Git LFS. */
export interface LfsPointer {
  readonly oid: string;
  readonly bytes: number;
}

/** A larger file is none. */
export const MAX_POINTER_BYTES = 1_024;

/** null: the text is no pointer. */
export function parsePointer(text: string): LfsPointer | null {
  if (text.length > MAX_POINTER_BYTES || !/^version https?:\/\/[^\n]*git-lfs[^\n]*\n/.test(text)) return null;
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = /^size (\d{1,15})$/m.exec(text)?.[1];
  return oid === undefined || size === undefined ? null : { oid, bytes: Number(size) };
}
