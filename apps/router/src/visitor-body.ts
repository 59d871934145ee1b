import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * The body of a visitor's request on its way to an instance. Stands between the two because the client destroys the body that it is given
 * when an instance answers early or breaks off: the visitor's connection has to outlive that, and to take the answer. Chunks are
 * passed on uncopied; the visitor is read only as fast as the instance reads.
 */
export class VisitorBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #onFirstRead: () => void;
  #isAttached = false;

  /** `onFirstRead`: an instance wants the body now. */
  constructor(request: IncomingMessage, onFirstRead: () => void) {
    super({ highWaterMark: request.readableHighWaterMark });
    this.#request = request;
    this.#onFirstRead = onFirstRead;
  }

  /** Whether nothing was read yet: another instance can still be given all of it. */
  get isWhole(): boolean {
    return !this.#isAttached;
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };

  readonly #onClose = (): void => {
    if (!this.#request.readableEnded) this.destroy(new Error('the visitor broke off'));
  };

  override _read(): void {
    if (this.#isAttached) {
      this.#request.resume();
      return;
    }
    this.#isAttached = true;
    this.#onFirstRead();
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    if (this.#request.destroyed) this.#onClose();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    callback(error);
  }
}
