import { createInterface } from 'node:readline/promises';
import picocolors from 'picocolors';
import type { Colors } from './text.ts';

/** What commands print with. Results go to stdout, everything about them to stderr. */
export interface Terminal {
  readonly colors: Colors;
  readonly now: () => number;
  /** A line of the result. */
  print(line: string): void;
  /** Text of the result as it comes; resolves when the reader has taken it. */
  write(text: string): Promise<void>;
  json(value: unknown): void;
  /** A line about what is under way, over the one before; null takes it away. Nothing where no person looks. */
  progress(line: string | null): void;
  /** What a person answers to a question; null where none is there. */
  ask(question: string): Promise<string | null>;
  /** A line about the command itself. */
  note(line: string): void;
}

export function systemTerminal(): Terminal {
  // A reader that has seen enough (`… | head`) ends the command without a word.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    colors: picocolors,
    now: () => Date.now(),
    print: (line) => void process.stdout.write(`${line}\n`),
    async write(text) {
      if (process.stdout.write(text)) return;
      await new Promise<void>((resolve) => process.stdout.once('drain', () => resolve()));
    },
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    progress(line) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line ?? ''}`);
    },
    async ask(question) {
      if (!process.stdin.isTTY) return null;
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await reader.question(question);
      } finally {
        reader.close();
      }
    },
    note: (line) => void process.stderr.write(`${line}\n`),
  };
}
