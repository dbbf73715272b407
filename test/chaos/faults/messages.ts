import type { Scene } from '../scene/scene';

/** What a message of Millrace to a store is known by, on the wire. */
export type Message = (scene: Scene) => string;

/** The end of a transaction of the archive. (The zero: not that of READ COMMITTED.) */
export const commitIn: Message = () => 'COMMIT\0';
export const copyIn: Message = () => 'FROM STDIN';
/** The script that writes keys and moves the checkpoint. */
export const appliesIn: Message = (scene) =>
  scene.digestOf('src/aliases/sink/lua/held.lua', 'src/aliases/sink/lua/apply.lua');
/** The script that trims the stream. */
export const trimsIn: Message = (scene) => scene.digestOf('src/archive/tail/lua/trim-stream.lua');
/** The script that takes old records out of Redis, as a connection sends it first: whole. */
export const retainsIn: Message = () => "if index then redis.call('ZREM', index, id) end";
/** What writes letters. */
export const parksIn: Message = () => 'INSERT INTO millrace.dead_letters';
