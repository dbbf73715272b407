import type { RecordMapping } from '../../../src/mapping/own-records';
import { atRest, fields } from './own-records';

const id = { column: 'entry', field: '$id', type: 'text', required: false } as const;

/** Entries of the one stream `orders`. */
export const order: RecordMapping = {
  name: 'order-event',
  table: 'order_events',
  key: { prefix: 'orders', parts: [] },
  holds: 'entry',
  columns: [
    id,
    { column: 'kind', field: 'type', type: 'text', required: false },
    ...fields({ amount: 'int' }),
  ],
  unique: [],
  parents: [],
  none: '',
  onDelete: 'keep',
  ...atRest,
};

/** Entries of `shop:{region}:sales`, of users who bought something. */
export const sale: RecordMapping = {
  ...order,
  name: 'sale',
  table: 'sales',
  key: { prefix: 'shop:', parts: [{ column: 'region', type: 'text', rest: false, after: ':sales' }] },
  columns: [id, ...fields({ amount: 'int!', at: 'time' })],
  parents: [{ column: 'user_id', record: 'user', from: { field: 'buyer', required: false } }],
};
