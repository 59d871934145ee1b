/**
 * A repository's files as detection sees them: no checkout, no file system. Paths are relative to the repository, with `/`. The same
 * shape as the platform's `SourceTree`, so that a tree of Git objects can be handed in as it is.
 */
export interface FileTree {
  /** Paths of files and, with a trailing `/`, of directories, directly in `directory` (`.` for the root). */
  list(directory: string): Promise<string[]>;
  /** Text of a file; null where there is none, or where it is too large or no text. */
  read(path: string): Promise<string | null>;
  /** All file paths. */
  files(): Promise<string[]>;
}
