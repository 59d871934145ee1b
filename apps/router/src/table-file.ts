import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RoutingTable } from '@switchyard/domain';
import { z } from 'zod';
import type { KeptTables } from './table.ts';

const TableFile = z.object({ v: z.literal(1), table: RoutingTable, inherited: RoutingTable });

/** The table on disk: a router starts from it when Redis does not answer. */
export interface TableFileStore {
  /** null where there is none. Rejects where it can't be read or is no such file. */
  read(): Promise<KeptTables | null>;
  /** Whole or not at all, also where several routers share the file. */
  write(tables: KeptTables): Promise<void>;
}

export function tableFile(path: string): TableFileStore {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      });
      if (text === null) return null;
      const { table, inherited } = TableFile.parse(JSON.parse(text));
      return { table, inherited };
    },
    async write({ table, inherited }) {
      await mkdir(dirname(path), { recursive: true });
      // Routers in containers may share the directory and a process id.
      const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
      try {
        await writeFile(beside, `${JSON.stringify({ v: 1, table, inherited })}\n`, { mode: 0o600, flush: true });
        await rename(beside, path);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    },
  };
}
