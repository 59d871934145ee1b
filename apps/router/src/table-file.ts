import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RoutingTable } from '@switchyard/domain';
import { z } from 'zod';

const TableFile = z.object({ v: z.literal(1), table: RoutingTable, inherited: RoutingTable });
export type KeptTables = Omit<z.infer<typeof TableFile>, 'v'>;

/** The table on disk: a router starts from it when Redis does not answer. */
export interface TableFileStore {
  read(): Promise<KeptTables | null>;
  write(tables: KeptTables): Promise<void>;
}

export function tableFile(path: string): TableFileStore {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(() => null);
      if (text === null) return null;
      try {
        return TableFile.parse(JSON.parse(text));
      } catch {
        return null;
      }
    },
    async write(tables) {
      await mkdir(dirname(path), { recursive: true });
      const beside = `${path}.${process.pid}.new`;
      await writeFile(beside, `${JSON.stringify({ v: 1, ...tables })}\n`);
      await rename(beside, path);
    },
  };
}
