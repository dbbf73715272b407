import { builtInRecords } from './file/built-in';
import { catalogueOf } from './kinds';
import { recordKinds } from './record-kinds';

/** The kinds of `mappings/ai-registry.yaml`: the catalogue of all who bring none of their own. */
export const aiRegistry = catalogueOf(recordKinds(builtInRecords('ai-registry')));
