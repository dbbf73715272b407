import type { ClientBase } from 'pg';
import * as examining from '../../../../src/archive/schema/examine-schema';
import * as migrating from '../../../../src/archive/schema/migrate';
import { aiRegistry } from '../../../../src/mapping/ai-registry';

/** Of the kinds there are. */
export const migrate = (client: ClientBase, options: Partial<migrating.MigrateOptions> = {}) =>
  migrating.migrate(client, { catalogue: aiRegistry, ...options });

/** The same. */
export const examineSchema = (client: ClientBase, onDelete?: 'keep' | 'delete') =>
  examining.examineSchema(client, aiRegistry, onDelete);
