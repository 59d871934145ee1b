import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { type Clock, LIMITS, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';

const PortsFile = z.object({
  v: z.literal(1),
  /** Instance id → port. */
  reserved: z.record(z.string(), z.int()),
  /** Port → time until which nobody gets it. */
  resting: z.record(z.string(), z.number()),
});
type PortsFile = z.infer<typeof PortsFile>;

/**
 * Ports for instances, from a range outside the ephemeral one. A port that was given back rests for `LIMITS.portQuarantineMs`, over
 * restarts too, so that a router with an old table never sends one app's visitors to another.
 */
export class Ports {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #state: PortsFile;
  #writing: Promise<void> = Promise.resolve();
  #isWritten = true;

  private constructor(path: string, clock: Clock, random: () => number, state: PortsFile) {
    this.#path = path;
    this.#clock = clock;
    this.#random = random;
    this.#state = state;
  }

  static async open(path: string, clock: Clock, random: () => number): Promise<Ports> {
    const text = await readFile(path, 'utf8').catch(() => null);
    const parsed = text === null ? null : PortsFile.safeParse(parseJson(text)).data;
    return new Ports(path, clock, random, parsed ?? { v: 1, reserved: {}, resting: {} });
  }

  /** The port that was reserved for an instance; null where none was. */
  of(id: string): number | null {
    return this.#state.reserved[id] ?? null;
  }

  /** An instance was found on a port that nothing was written of: the file was lost. */
  async adopt(id: string, port: number): Promise<void> {
    if (this.#state.reserved[id] !== undefined || Object.values(this.#state.reserved).includes(port)) return;
    this.#state.reserved[id] = port;
    await this.#write();
  }

  /**
   * A port for an instance that is about to start: its own where that is still free, else a new one. Rejects with `engine-refused` when
   * none is left.
   */
  async reserve(id: string): Promise<number> {
    const { reserved, resting } = this.#state;
    const own = reserved[id];
    if (own !== undefined) {
      if (await isFree(own)) {
        if (!this.#isWritten) await this.#write();
        return own;
      }
      await this.release(id);
    }
    const now = this.#clock();
    for (const [port, until] of Object.entries(resting)) if (until <= now) delete resting[port];
    const { first, last } = LIMITS.portRange;
    const size = last - first + 1;
    const offset = Math.floor(this.#random() * size);
    const taken = new Set(Object.values(reserved));
    for (let step = 0; step < size; step += 1) {
      const port = first + ((offset + step) % size);
      if (taken.has(port) || resting[String(port)] !== undefined) continue;
      // Reserved before the look, so that two reservations at once never get the same.
      reserved[id] = port;
      if (await isFree(port)) {
        await this.#write();
        return port;
      }
      delete reserved[id];
    }
    throw new SwitchyardError('engine-refused', `No port between ${first} and ${last} is free on this host.`);
  }

  /** Gives an instance's port back; it rests. */
  async release(id: string): Promise<void> {
    const port = this.#state.reserved[id];
    if (port === undefined) return;
    delete this.#state.reserved[id];
    this.#state.resting[String(port)] = this.#clock() + LIMITS.portQuarantineMs;
    await this.#write();
  }

  /** Gives back the ports of all instances that are not named. */
  async keepOnly(ids: ReadonlySet<string>): Promise<void> {
    for (const id of Object.keys(this.#state.reserved)) if (!ids.has(id)) await this.release(id);
  }

  async #write(): Promise<void> {
    // One after the other, also after one that failed: the next may find room on the disk again.
    const writing = this.#writing.then(async () => {
      const beside = `${this.#path}.new`;
      this.#isWritten = false;
      await writeFile(beside, `${JSON.stringify(this.#state)}\n`);
      await rename(beside, this.#path);
      this.#isWritten = true;
    });
    this.#writing = writing.catch(() => undefined);
    await writing;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function isFree(port: number): Promise<boolean> {
  for (const host of ['0.0.0.0', '127.0.0.1']) if (!(await canListen(host, port))) return false;
  return true;
}

async function canListen(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
