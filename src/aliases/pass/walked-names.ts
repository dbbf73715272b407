/** How many names are held, and how many characters they have together: some 30 MB. */
const most = { names: 200_000, characters: 8_000_000 } as const;

/**
 * The names that a pass has walked, as long as they are few enough to be held: a key that has one of them is not stale, and SQLite need not be
 * asked for it. (One whose row went after the walk came by is another change of the meantime: the log has it, or the next pass.)
 */
export class WalkedNames {
  readonly #pages = new Map<string, (readonly string[])[]>();
  readonly #sets = new Map<string, ReadonlySet<string>>();
  #names = 0;
  #characters = 0;

  /** @param names a page of the walk, the first one if there was none of this mapping since `forget` */
  add(type: string, names: readonly string[]): void {
    this.#names += names.length;
    for (const name of names) this.#characters += name.length;
    const pages = this.#pages.get(type) ?? [];
    pages.push(names);
    this.#pages.set(type, pages);
    if (this.#names > most.names || this.#characters > most.characters) this.forget();
  }

  /** Lets go of what is held of a mapping, whose walk was given up; or of all. */
  forget(type?: string): void {
    if (type === undefined) this.#pages.clear();
    else this.#pages.delete(type);
  }

  /** Those of the names that may be stale; to be called after the walks. */
  unseen(type: string, names: readonly string[]): readonly string[] {
    const pages = this.#pages.get(type);
    if (pages === undefined) return names;
    const walked = this.#sets.get(type) ?? new Set(pages.flat());
    this.#sets.set(type, walked);
    return names.filter((name) => !walked.has(name));
  }
}
