import type { MappingsDefinition } from '../mapping/file/definition';

/**
 * Mappings in TypeScript, for the option `mappings` of `Millrace`: the compiler knows the words, and everything else is checked as a file is.
 * @returns what it was given
 */
export const defineMappings = <const D extends MappingsDefinition>(definition: D): D => definition;
