/**
 * What every checkpoint says, whatever the log behind it. It lives in the target and moves in the same atomic step as the
 * data it vouches for; two instances that race are told apart by `stamp`, which no two applies share.
 */
export interface CheckpointBase {
  /** Made anew whenever the log is adopted without continuity: an unknown one calls for a full pass. */
  readonly incarnation: string;
  /** Unique for each apply. */
  readonly stamp: string;
  /** Milliseconds since 1970, by the clock of the one who applied. */
  readonly at: number;
  /** host:pid of the one who applied: for people. */
  readonly by: string;
}
