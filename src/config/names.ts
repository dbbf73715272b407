/** Tried first when HTTP_PORT says nothing. */
export const defaultHttpPort = 8611;

export const pipelineNames = ['aliases', 'archive'] as const;
export type PipelineName = (typeof pipelineNames)[number];
