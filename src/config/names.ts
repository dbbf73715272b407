export const pipelineNames = ['aliases', 'archive'] as const;
export type PipelineName = (typeof pipelineNames)[number];
