import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { LeftOut } from '../config/load';
import type { PipelineName } from '../config/names';
import type { Health } from '../pipeline/health';

/** What a daemon says of itself, to people and to programs. */
export interface DaemonStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly troubles: readonly string[];
  /** What it does not run for want of a store, though nobody has said that it should not. */
  readonly leftOut: readonly LeftOut[];
  /** How each pipeline is, and the whole, in a word. */
  readonly health: { readonly overall: Health } & Readonly<Record<PipelineName, Health | null>>;
  /** null: this daemon does not run that pipeline. */
  readonly aliases: AliasStatus | null;
  readonly archive: ArchiveStatus | null;
}
