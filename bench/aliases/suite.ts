import type { Suite } from '../suite';
import { documents } from './documents';
import { duringPasses, tenMillionAliases } from './during-passes';
import { joinLatency } from './join-latency';
import { latency } from './latency';
import { largePasses, passes } from './passes';
import { tail } from './tail';
import { triggers } from './triggers';

/** SQLite to Redis. */
export const aliases: Suite = {
  name: 'aliases',
  parts: [
    latency,
    joinLatency,
    tail,
    passes,
    largePasses,
    documents,
    duringPasses,
    triggers,
    tenMillionAliases,
  ],
};
