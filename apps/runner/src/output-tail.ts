import { StringDecoder } from 'node:string_decoder';
import type { InstanceId } from '@switchyard/domain';
import type { RunnerPlatform } from '@switchyard/platform';
import { Masker } from '@switchyard/service';

const KEPT_LINES = 20;
const MAX_LINE = 2_000;
const CHUNK_BYTES = 64 * 1024;

/** The last lines of an instance's output, masked, read on from where the last look ended. */
export class OutputTail {
  readonly #platform: Pick<RunnerPlatform, 'readOutput'>;
  readonly #id: InstanceId;
  #offset = 0;
  /** Holds the first bytes of a character whose last ones are yet to come. */
  #decoder = new StringDecoder('utf8');
  #masker = new Masker([]);
  #rest = '';
  #lines: string[] = [];

  constructor(platform: Pick<RunnerPlatform, 'readOutput'>, id: InstanceId) {
    this.#platform = platform;
    this.#id = id;
  }

  /** Starts over: the instance was started again. `needles`: what is not shown from now on, as `needlesOf` makes them. */
  reset(needles: readonly string[] = []): void {
    this.#offset = 0;
    this.#decoder = new StringDecoder('utf8');
    this.#masker = new Masker(needles);
    this.#rest = '';
  }

  async read(): Promise<string[]> {
    for (;;) {
      const { bytes, next } = await this.#platform
        .readOutput(this.#id, this.#offset, CHUNK_BYTES)
        .catch(() => ({ bytes: Buffer.alloc(0), next: this.#offset }));
      this.#offset = next;
      if (bytes.length === 0) break;
      const lines = (this.#rest + this.#masker.push(this.#decoder.write(bytes))).split(/\r?\n/);
      this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE);
      this.#lines = [...this.#lines, ...lines.map((line) => line.slice(0, MAX_LINE))].slice(-KEPT_LINES);
    }
    return this.#rest === '' ? this.#lines : [...this.#lines, this.#rest].slice(-KEPT_LINES);
  }
}
