/** Reads a file forwards in pieces, up to a bound: nothing is allocated for more than the file holds. */
import type { FileHandle } from 'node:fs/promises';

const chunkBytes = 1024 * 1024;

/** A read beyond the bound. */
export class OutOfBounds extends Error {
  override readonly name = 'OutOfBounds';
}

export class ByteReader {
  /** Of the next byte. */
  offset = 0;
  readonly #file: FileHandle;
  readonly #endBytes: number;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;

  constructor(file: FileHandle, endBytes: number) {
    this.#file = file;
    this.#endBytes = endBytes;
  }

  async take(bytes: number): Promise<Buffer> {
    this.#claim(bytes);
    let at = this.offset - this.#chunkAt;
    if (at < 0 || at + bytes > this.#chunk.length) {
      const wanted = Math.min(Math.max(bytes, chunkBytes), this.#endBytes - this.offset);
      const buffer = Buffer.alloc(wanted);
      const { bytesRead } = await this.#file.read(buffer, 0, wanted, this.offset);
      if (bytesRead < bytes) throw new OutOfBounds();
      this.#chunk = buffer.subarray(0, bytesRead);
      this.#chunkAt = this.offset;
      at = 0;
    }
    this.offset += bytes;
    return this.#chunk.subarray(at, at + bytes);
  }

  async skip(bytes: number): Promise<void> {
    this.#claim(bytes);
    this.offset += bytes;
  }

  async uint32(): Promise<number> {
    return (await this.take(4)).readUInt32LE();
  }

  async uint64(): Promise<bigint> {
    return (await this.take(8)).readBigUInt64LE();
  }

  #claim(bytes: number): void {
    if (!(bytes <= this.#endBytes - this.offset)) throw new OutOfBounds();
  }
}
