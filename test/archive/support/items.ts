import { mappingsOf } from '../../../src/config/mappings';
import { aiRegistry } from '../../../src/mapping/ai-registry';

/** A file of mappings of keys that hold many, of each sort, and of strings. */
export const itemMappings = `version: 1
records:
  user: { key: 'user:{id:int}', table: users, hash: { name: text } }
  setting:
    key: 'settings:{user:int}'
    table: settings
    parents: { user_id: { record: user, id: '{user}' } }
    each: field
    columns: { name: $field, value: $value }
    on_delete: delete
  tag:
    key: 'tags:{doc}'
    table: tags
    each: member
    columns: { tag: $member }
    on_delete: delete
  point:
    key: scores
    table: points
    each: member
    columns: { player: { field: $member, type: int }, points: $score }
    on_delete: mark
  line:
    key: 'order:{id}:lines'
    table: order_lines
    each: element
    columns: { place: $index, sku: { field: sku, type: text! }, amount: { field: amount, type: int }, more: { field: more, type: json } }
    on_delete: delete
  title: { key: 'title:{id}', table: titles, string: { title: text } }
  counter: { key: 'count:{page*}', table: counts, string: { views: int }, on_delete: delete }
`;

const read = mappingsOf(itemMappings, 'items.yaml', { aliasTables: undefined, catalogue: aiRegistry });
if ('problems' in read) throw new Error(JSON.stringify(read.problems));

export const itemCatalogue = read.catalogue;
