/** Content-addressed artefacts: the address of a blob is the lower-case hex sha256 of its bytes. */
export interface Blobs {
  /** Stores bytes (strings as UTF-8); storing what is there already is free. Throws `Storage.Full` or `Storage.Unavailable`. */
  put(data: Uint8Array | string): Promise<string>;
  /** Throws `Input.NotFound` for an unknown address and `Storage.Corrupt` when the bytes no longer match it. */
  get(sha256: string): Promise<Buffer>;
  getText(sha256: string): Promise<string>;
  has(sha256: string): Promise<boolean>;
  /** For what does not fit into memory: a blob that is written a piece at a time. Throws what `put` throws. */
  open(): Promise<BlobWriter>;
}

/** Disposing one that is not finished leaves nothing behind. */
export interface BlobWriter extends AsyncDisposable {
  /** Text as UTF-8. The bytes are copied: the caller may use them again at once. */
  write(data: Uint8Array | string): Promise<void>;
  finish(): Promise<{ readonly sha256: string; readonly bytes: number }>;
}
