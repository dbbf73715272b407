/** A metric as a PromQL expression uses it. */
export interface Use {
  readonly name: string;
  /** The functions around it, the innermost first; `[5m]` makes a range of it. */
  readonly within: readonly string[];
  readonly range: boolean;
  /** Labels it is selected by. */
  readonly labels: readonly string[];
}

const keywords = ['by', 'on', 'and', 'or', 'unless', 'without', 'ignoring', 'group_left', 'bool', 'offset'];

/** Label names after by, on, without and ignoring. */
export const groupedBy = (expression: string): readonly string[] =>
  [...expression.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/\w+/g)].map(([label]) => label),
  );

/** Every metric of an expression: a name that is neither called, nor a label, nor a word of the language. */
export function usesOf(expression: string): readonly Use[] {
  const text = expression.replace(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, (list) =>
    ' '.repeat(list.length),
  );
  const uses: Use[] = [];
  const open: string[] = [];
  const token = /([a-zA-Z_:][\w:]*)\s*(\(|\{[^}]*\})?\s*(\[[^\]]*\])?|\(|\)|"[^"]*"/g;
  for (const [whole, name, after = '', range = ''] of text.matchAll(token)) {
    if (whole === ')') open.pop();
    else if (whole === '(') open.push('');
    else if (name === undefined || keywords.includes(name)) {
      if (after === '(') open.push('');
    } else if (after === '(') open.push(name);
    else {
      const labels = [...after.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
      uses.push({
        name,
        labels,
        range: range !== '',
        within: [...open].reverse().filter((one) => one !== ''),
      });
    }
  }
  return uses;
}
