export const recordTypes = ['text', 'int', 'float', 'bool', 'json', 'time', 'uuid', 'bytes'] as const;
export type RecordType = (typeof recordTypes)[number];

/** What a key holds one record as: a hash with a field a column, a string with a JSON object, or a string that is one value. */
export const wholes = ['hash', 'json', 'string'] as const;
/** Of what a key holds many, each of which is a record: fields of a hash, members of a set or sorted set, elements of a list, entries of a stream. */
export const eachOf = ['field', 'member', 'element', 'entry'] as const;
export type Each = (typeof eachOf)[number];
export type Holds = (typeof wholes)[number] | Each;

/** The words for what is no field with a name, by what a key holds, with the types that they have unless the file says another one. */
export const itemWords: Readonly<Record<Each, Readonly<Record<string, RecordType>>>> = {
  field: { $field: 'text', $value: 'text' },
  member: { $member: 'text', $score: 'float' },
  element: { $index: 'int', $value: 'text' },
  entry: { $id: 'text' },
};

/** The word that tells a record from the others of its key. */
export const itemWord: Readonly<Record<Each, string>> = {
  field: '$field',
  member: '$member',
  element: '$index',
  entry: '$id',
};

export const isEach = (holds: Holds): holds is Each => (eachOf as readonly string[]).includes(holds);
