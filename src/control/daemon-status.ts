import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { LeftOut } from '../config/load';
import type { PipelineName } from '../config/names';
import type { Health } from '../pipeline/health';

/** The status of a daemon, for people and programs. */
export interface DaemonStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly troubles: readonly string[];
  /** Pipelines that it does not run because no store is set for them, although nobody has said that it should not. */
  readonly leftOut: readonly LeftOut[];
  /** How each pipeline is, and all together, in a word. */
  readonly health: { readonly overall: Health } & Readonly<Record<PipelineName, Health | null>>;
  /** null: this daemon does not run that pipeline. */
  readonly aliases: AliasStatus | null;
  readonly archive: ArchiveStatus | null;
}
