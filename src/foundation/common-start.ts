/** What all of these texts begin with. */
export function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length;
  while (!others.every((one) => one.startsWith(first.slice(0, length)))) length--;
  return first.slice(0, length).replace(/[\uD800-\uDBFF]$/, ''); // half a character is none
}
