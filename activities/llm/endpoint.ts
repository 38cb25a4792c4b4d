/** A model as the worker's config knows it: where it is served, at what price, within which limits. */

export interface Prices {
  readonly in: number;
  readonly cached: number;
  readonly out: number;
}

export interface Endpoint {
  /** Its name in config. */
  readonly name: string;
  readonly baseUrl: string;
  /** What stands for the server in a call's key: its address, or a constant where only the revision counts. */
  readonly identity: string;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly revision: string;
  readonly simulated: boolean;
  readonly priceUsdPerMTok: Prices;
  readonly limits: {
    readonly inFlight: number;
    readonly rpm?: number | undefined;
    readonly tpm?: number | undefined;
  };
  readonly timeoutMs: number;
  /** Sent with every request as it stands. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Undefined when the endpoint asks for no key. Throws `Llm.Unauthorized` when the key is configured but missing. */
  readKey(): Promise<string | undefined>;
}

export interface Models {
  /** Throws `Llm.UnknownModel` with the names there are. */
  get(name: string): Promise<Endpoint>;
}
