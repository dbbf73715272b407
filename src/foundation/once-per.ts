/** A function that makes something of an object, and makes it once: for what is asked of each record, and depends on its kind alone. */
export function oncePer<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let one = made.get(key);
    if (one === undefined) made.set(key, (one = { value: make(key) }));
    return one.value;
  };
}
