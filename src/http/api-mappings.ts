import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { MappingSummary } from '../control/mapping-summary';
import type { MappingPage } from '../control/mappings';
import { nearest } from '../foundation/nearest';
import type { ApiParts } from './parts';
import { badRequest } from './refusal';

export interface MappingsAnswer {
  readonly at: number;
  readonly mappings: readonly MappingSummary[];
}

export interface MappingAnswer {
  /** The daemon's clock, for ages. */
  readonly at: number;
  readonly mapping: MappingPage;
}

const params = z.object({ name: z.string() });
const shownName = 64;

/** The routes for the mappings: all of them, and one with a few of its keys. */
export function mappingRoutes(server: FastifyInstance, { control, guard }: ApiParts): void {
  const { mappings } = control;
  server.get('/mappings', { onRequest: guard.reading }, async (): Promise<MappingsAnswer> => {
    const list = await mappings.list();
    return { at: Date.now(), mappings: list };
  });
  server.get('/mappings/:name', { onRequest: guard.reading }, async (request): Promise<MappingAnswer> => {
    const { name } = params.parse(request.params);
    const mapping = await mappings.page(name);
    if (mapping !== undefined) return { at: Date.now(), mapping };
    const { names } = mappings;
    const meant = nearest(name.slice(0, shownName), names);
    throw badRequest(
      `there is no mapping ${JSON.stringify(name.slice(0, shownName))}`,
      meant === undefined
        ? `They are ${names.join(', ')}.`
        : `The nearest is ${meant}; GET /api/mappings lists them.`,
      404,
    );
  });
}
