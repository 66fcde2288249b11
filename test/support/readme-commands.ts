import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A command as the README gives it, and the reply that it promises. */
export interface ReadmeCommand {
  readonly command: string;
  readonly reply?: { readonly form: 'json' | 'text'; readonly text: string };
}

const SECTION = /<!-- grpcurl:begin -->(.*?)<!-- grpcurl:end -->/s;
const BLOCK = /^```(\w+)\n(.*?)\n```$/gms;

/** The commands between the README's markers, in order: each `sh` block, with the `json` or `text` block after it. */
export function readmeCommands(): ReadmeCommand[] {
  const readme = readFileSync(resolve(__dirname, '..', '..', 'README.md'), 'utf8');
  const section = SECTION.exec(readme)?.[1];
  if (section === undefined) throw new Error('README.md has no section between the grpcurl markers');
  const commands: ReadmeCommand[] = [];
  for (const [, form, text = ''] of section.matchAll(BLOCK)) {
    if (form === 'sh') {
      commands.push({ command: text });
    } else if (form === 'json' || form === 'text') {
      const last = commands.pop();
      if (last === undefined || last.reply !== undefined)
        throw new Error(`README.md: a ${form} block follows no command: ${text}`);
      commands.push({ ...last, reply: { form, text } });
    } else {
      throw new Error(
        `README.md: the grpcurl section takes sh, json and text blocks, and has ${form ?? 'none'}`,
      );
    }
  }
  return commands;
}
