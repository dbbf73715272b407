/** The port that is tried first if HTTP_PORT is not set. */
export const defaultHttpPort = 8611;

export const pipelineNames = ['aliases', 'archive'] as const;
export type PipelineName = (typeof pipelineNames)[number];
