/**
 * What a running program's agents have done, as the `progress` query and the details in Temporal's UI show it. Names are
 * identifiers of the program and labels are counts and identifiers: no prompt and no reply gets here.
 */

/** A line of the program as a tree, in the order in which it is read. */
export interface OutlineRow {
  readonly depth: number;
  /** An agent or tool, or what holds the deeper rows that follow. */
  readonly kind: 'agent' | 'code' | 'tests' | 'search' | 'loop' | 'ensemble';
  /** Of an agent or tool: unique within the program. Of a group: "up to 3 rounds". */
  readonly name: string;
}

export interface AgentRow {
  calls: number;
  open: number;
  failed?: number;
  tokensIn: number;
  tokensOut: number;
  costUsd: number;
  /** Sum over its calls, by the workflow's clock. */
  ms?: number;
  /** Its calls ask no model. */
  tool?: boolean;
}

/** Of the program under way. */
export interface AgentsView {
  readonly outline: readonly OutlineRow[];
  readonly rows: Readonly<Record<string, AgentRow>>;
}
