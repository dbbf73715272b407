import type { Control } from '../control/control';
import type { Log } from '../log/log';
import type { Catalogue } from '../mapping/kinds';
import type { Exempt } from './limit-connections';
import type { Guard } from './guard';
import type { History } from './history';
import type { Live } from './live';

/** What the routes need. */
export interface ApiParts {
  readonly control: Control;
  readonly catalogue: Catalogue;
  readonly history: History;
  readonly live: Live;
  readonly guard: Guard;
  readonly log: Log;
  readonly exempt: Exempt;
}
