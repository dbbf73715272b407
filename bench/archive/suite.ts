import type { Suite } from '../suite';
import { document } from './document';
import { drain, freshDrain, startedDrain } from './drain';
import { firstSync } from './first-sync';
import { fullPasses, tenMillionPredictions } from './full-pass';
import { growth } from './growth';
import { idle } from './idle';
import { latency } from './latency';
import { mirrorCost } from './mirror-cost';
import { mirrorDrain } from './mirror-drain';
import { ownDrain } from './own-drain';
import { sustained } from './sustained';
import { warming } from './warm';
import { writers } from './writers';

/** Redis to Postgres. */
export const archive: Suite = {
  name: 'archive',
  parts: [
    document,
    firstSync,
    freshDrain,
    startedDrain,
    drain,
    mirrorDrain,
    ownDrain,
    sustained,
    latency,
    growth,
    fullPasses,
    writers,
    mirrorCost,
    warming,
    idle,
    tenMillionPredictions,
  ],
};
