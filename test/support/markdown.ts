const FENCE = /^( *)(`{3,}|~{3,})[^\n]*\n(?:.*?\n)?\1\2 *$/gms;
const CODE_SPAN = /(`+)(?!`).*?[^`]\1(?!`)/gs;
const INLINE_LINK = /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const LINK_DEFINITION = /^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/gm;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$/gm;

/** The targets of a document's links and images, without those in code. */
export function linkTargets(markdown: string): string[] {
  const prose = withoutFences(markdown).replace(CODE_SPAN, '');
  return [INLINE_LINK, LINK_DEFINITION].flatMap((form) =>
    [...prose.matchAll(form)].map(([, target = '']) => target),
  );
}

/** The anchors that GitHub gives a document's headings. */
export function headingAnchors(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(markdown).matchAll(HEADING)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let repeat = 1; anchors.has(anchor); repeat++) anchor = `${slug}-${repeat}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** In lower case, without punctuation, spaces as hyphens. Of a link only its text counts. */
function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function withoutFences(markdown: string): string {
  return markdown.replace(FENCE, '');
}
