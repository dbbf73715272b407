/** The port that is tried first if HTTP_PORT is not set. */
export const defaultHttpPort = 8611;

/**
 * The pipelines, as the code, Redis keys, labels of metrics and JSON call them. `aliases` keeps its first name there, for other programs
 * read these; see PipelineWord for what people call it.
 */
export const pipelineNames = ['aliases', 'archive'] as const;
export type PipelineName = (typeof pipelineNames)[number];

/** What may be said for a pipeline: `cache` is what `aliases` is called since it serves more than aliases. The old name stays accepted. */
export const pipelineWords = [...pipelineNames, 'cache'] as const;
export type PipelineWord = (typeof pipelineWords)[number];

/** What is offered to those who ask which pipelines there are. */
export const spokenNames = ['cache', 'archive'] as const satisfies readonly PipelineWord[];

/** Which pipeline a word means. */
export type Meant<W extends PipelineWord> = W extends 'cache' ? 'aliases' : W;

export const meantBy = <W extends PipelineWord>(word: W): Meant<W> =>
  (word === 'cache' ? 'aliases' : word) as Meant<W>;
