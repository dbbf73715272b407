import type { ErrorReport } from '../foundation/errors';
import type { PipelineName } from '../config/names';

/** What a pipeline tells while it runs. Never keys or contents of records, but for names in an incident's text. */
export type PipelineEvent = { readonly at: number; readonly pipeline: PipelineName } & (
  | {
      /** Records the tail wrote to the target, added up for about a second. */
      readonly type: 'applied';
      readonly added: number;
      readonly updated: number;
      readonly deleted: number;
      readonly parked: number;
      /** How long the oldest of the changes took to reach the target, in milliseconds; null: a full pass has found them. */
      readonly ms: number | null;
    }
  | { readonly type: 'pass-started'; readonly reason: string }
  | { readonly type: 'pass-done'; readonly ms: number; readonly differences: number }
  | { readonly type: 'incident'; readonly what: string }
  | { readonly type: 'failed'; readonly error: ErrorReport }
  | { readonly type: 'recovered' }
  | { readonly type: 'paused'; readonly by: string }
  | { readonly type: 'resumed' }
);

/** An event without `at` and `pipeline`, which the sender need not fill in. */
export type Telling = PipelineEvent extends infer E
  ? E extends PipelineEvent
    ? Omit<E, 'at' | 'pipeline'>
    : never
  : never;

/** Takes the events of one pipeline. */
export type Tell = (event: Telling) => void;

/** Drops events, for a pass without a daemon, to which nobody listens. */
export const untold: Tell = () => undefined;
