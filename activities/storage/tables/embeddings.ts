/** Vectors of texts, so that no text is embedded twice. */
import type { Generated } from 'kysely';

export interface EmbeddingTables {
  /** Primary key: embedder, text_sha256. */
  embeddings: {
    /** `Embedder.identity`. */
    embedder: string;
    text_sha256: string;
    /** Unit vector: float32, little-endian. */
    vector: Buffer;
    /** This text's part of its request. */
    tokens: number;
    cost_usd: number;
    created_at: Generated<Date>;
  };
}
