/** A fenced block of bash in a Markdown file. */
export interface ShellBlock {
  /** Of its first line, from 1. */
  readonly line: number;
  readonly text: string;
  /** Why it is not run; undefined: it is. */
  readonly excuse: string | undefined;
  /** 0, unless a comment before it says `<!-- exit code: N -->`. */
  readonly expectedCode: number;
}

const fence = /^( *)```(bash|sh|shell|console)\n([^]*?)^ *```/gm;

export function shellBlocks(markdown: string): readonly ShellBlock[] {
  return [...markdown.matchAll(fence)].map((match) => {
    const before = markdown.slice(0, match.index);
    const comment = /<!-- (not run|exit code): ([^]*?) -->\s*$/.exec(before);
    const [, what, said = ''] = comment ?? [];
    return {
      line: before.split('\n').length + 1,
      text: match[3] ?? '',
      excuse: what === 'not run' ? said : undefined,
      expectedCode: what === 'exit code' ? Number(said) : 0,
    };
  });
}
