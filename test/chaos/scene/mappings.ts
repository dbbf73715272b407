/** millrace.yaml of the scene: documents of both forms, and records that change, that come once, and of a registry. */
export const mappings = `version: 1
include: [sports-aliases, ai-registry]
documents:
  card: { from: teams, key: 'card:{id}', json: [id, name] }
  flat: { from: teams, key: 'flat:{id}', hash: [name] }
records:
  cart: { key: 'cart:{id}', table: carts, hash: { v: text!, note: text } }
  event: { key: events, table: events, each: entry, columns: { entry: $id, tag: { field: tag, type: text! } } }
`;
